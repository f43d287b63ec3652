#version 330 core
in vec2 t;
uniform sampler2D image;
void main() {
#ifdef STRANDS
    if (texture(image, t).a < 0.5) discard;
#endif
}
