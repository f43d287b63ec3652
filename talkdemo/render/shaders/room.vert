#version 330 core
layout(location = 0) in vec3 position;
layout(location = 2) in vec2 uv;
out vec2 t;
void main() { t = uv; gl_Position = vec4(position.xy, 0.999999, 1.0); }  // behind everything
