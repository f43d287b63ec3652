#version 330 core
#extension GL_ARB_shading_language_420pack : require
// Colours are squared before shading and rooted after it, a cheap stand-in for the sRGB curve. The specular term is GGX
// in its mobile form (Karis 2014); skin's softness is wrapped diffuse light, redder where it wraps (Green 2004).
in vec3 p; in vec3 n; in vec2 t; in vec2 still; in vec3 s;
layout(binding = 0) uniform sampler2D image;
layout(binding = 1) uniform sampler2DShadow shadow;
layout(binding = 2) uniform sampler2D room;
uniform vec3 cam_pos;
struct Material { float roughness_factor; };
uniform Material material;
out vec4 colour;

// WRAP: how far light reaches beyond the terminator; DEEP: fraction of the key light that a shadow takes
#ifdef SKIN
const vec3 WRAP = vec3(0.50, 0.26, 0.20); const float DEEP = 0.85;
#endif
#ifdef EYE
const vec3 WRAP = vec3(0.35); const float DEEP = 0.75;
#endif
#ifdef MOUTH
const vec3 WRAP = vec3(0.45, 0.30, 0.28); const float DEEP = 0.5;
#endif
#ifdef HAIR
const vec3 WRAP = vec3(0.40); const float DEEP = 0.8;
#endif
#ifdef CLOTH
const vec3 WRAP = vec3(0.15); const float DEEP = 0.85;
#endif

vec3 shoulder(vec3 c) { return mix(c, 1.0 - 0.16 / max(c - 0.2, 0.4), step(0.6, c)); }  // 0.6 to infinity becomes 0.6 to 1, no kink

float gloss(vec3 N, vec3 V, vec3 L, float rough) {
    vec3 H = normalize(L + V);
    float nh = max(dot(N, H), 0.0), lh = max(dot(L, H), 0.0), a = rough * rough;
    float d = nh * nh * (a * a - 1.0) + 1.0;
    return a * a / (max(0.1, lh * lh) * (rough + 0.5) * d * d) * 0.25 * max(dot(N, L), 0.0);
}

float lit() {  // fraction of the key light that arrives: two filtered reads of the coarse shadow map
    return 0.5 * (texture(shadow, s + vec3(SOFT, 0.4 * SOFT, 0)) + texture(shadow, s - vec3(SOFT, 0.4 * SOFT, 0)));
}

void main() {
    vec4 texel = texture(image, t);
#ifdef CUTOFF
    // the opacity is made a step of one pixel there
    texel.a = clamp((texel.a - CUTOFF) / max(fwidth(texel.a), 0.01) + 0.5, 0.0, 1.0);
#endif
#ifdef LEAST
    if (texel.a < LEAST || texel.a >= BELOW) discard;
#endif
    vec3 base = texel.rgb * texel.rgb;
    float ao = still.x;
    vec3 N = normalize(gl_FrontFacing ? n : -n);
    vec3 V = normalize(cam_pos - p);
    vec3 sky = mix(GROUND, SKY, N.y * 0.5 + 0.5) * ao;
    float towards = dot(N, KEY);
    // beyond the terminator the wrapped light is the skin's own, which the map knows nothing of
    float seen = max(lit(), 1.0 - smoothstep(0.05, 0.40, towards)) * DEEP + 1.0 - DEEP;
    vec3 shade = vec3(0.5 * (sqrt(seen) + seen), seen, seen);  // what crept through skin is red
    vec3 k = clamp((towards + WRAP) / (1.0 + WRAP), 0.0, 1.0);
    vec3 f = clamp((dot(N, FILL) + WRAP) / (1.0 + WRAP), 0.0, 1.0);
    vec3 light = sky + (COLOUR_KEY * k * k * shade + COLOUR_FILL * f * ao)
               + (COLOUR_RIM * max(dot(N, RIM), 0.0) + COLOUR_LEFT * max(dot(N, LEFT), 0.0)) * ao;
    float fresnel = 1.0 - max(dot(N, V), 0.0);
    fresnel = fresnel * fresnel * fresnel * fresnel * fresnel;
    vec3 c;
#ifdef SKIN
    vec3 shine = COLOUR_KEY * seen * gloss(N, V, KEY, material.roughness_factor)
               + 0.6 * COLOUR_FILL * gloss(N, V, FILL, material.roughness_factor) + COLOUR_RIM * gloss(N, V, RIM, 0.55);
    c = base * light + (0.035 * shine + fresnel * 0.10 * SKY) * ao;
#endif
#ifdef EYE
    float lid = 1.0 - 0.55 * smoothstep(0.05, 0.55, N.y) - 0.15 * smoothstep(0.3, 0.8, abs(N.x));
    vec3 R = reflect(-V, N);
    float window = smoothstep(0.974, 0.984, dot(R, KEY)) + 0.05 * smoothstep(0.95, 0.99, dot(R, FILL));
    c = base * light * lid * 0.9 + vec3(window) * 0.8 + SKY * 0.05 * smoothstep(-0.2, 0.6, R.y) * lid;
#endif
#ifdef MOUTH
    c = base * light * mix(0.35, 1.1, ao) + 0.06 * ao * seen * COLOUR_KEY * gloss(N, V, KEY, 0.30);
#endif
#ifdef HAIR
    vec3 T = dFdx(p) * dFdy(t.x) - dFdy(p) * dFdx(t.x);  // along the strand: where u stands still
    T = normalize(T + 1e-9);
    float th = dot(T, normalize(KEY + V));
    float along = 1.0 - th * th;
    along *= along; along *= along; along *= along;
    float strand = along * along * clamp(towards + 0.3, 0.0, 1.0) * seen;
    c = base * light * 0.9 + (base * 0.6 + 0.03) * COLOUR_KEY * strand * 0.35 * ao;
#endif
#ifdef CLOTH
    c = base * light + 0.04 * COLOUR_KEY * seen * gloss(N, V, KEY, material.roughness_factor);
#endif
    c = sqrt(shoulder(c));
    if (still.y < 0.999) c = mix(texelFetch(room, ivec2(gl_FragCoord.xy), 0).rgb, c, still.y);  // the bust's soft end
    colour = vec4(c, texel.a);
}
