#version 330 core
layout(location = 0) in vec3 position;
layout(location = 1) in vec3 normal;
layout(location = 2) in vec2 uv;
layout(location = 3) in vec4 still_at;  // what stays in every pose: open sky, solidity of the bust
uniform mat4 V;
uniform mat4 P;
uniform mat4 shadow_clip;
out vec3 p; out vec3 n; out vec2 t; out vec2 still; out vec3 s;
void main() {
    p = position; n = normal; t = uv; still = still_at.xy;
    s = (shadow_clip * vec4(position + 0.003 * normal, 1.0)).xyz;
    gl_Position = P * V * vec4(position, 1.0);
}
