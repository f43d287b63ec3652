#version 330 core
layout(location = 0) in vec3 position;
layout(location = 2) in vec2 uv;
uniform mat4 P;
out vec2 t;
void main() { t = uv; gl_Position = P * vec4(position, 1.0); }
