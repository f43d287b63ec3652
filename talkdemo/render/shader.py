"""GLSL 3.30 shaders for each kind of surface (skin, eye, mouth, hair, cloth), with the studio's lights as constants.

Colours are squared before shading and rooted after it, a cheap stand-in for the sRGB curve. The specular term is GGX in
its mobile form (Karis 2014); skin's softness is wrapped diffuse light, redder where it wraps (Green 2004).
"""

import numpy as np

from talkdemo.render.light import Studio, unit

KINDS = ("skin", "eye", "mouth", "hair", "cloth")
DENSE = 0.75  # opacity from which blended hair hides what lies behind it

VERTEX = """#version 330 core
layout(location = 0) in vec3 position;
layout(location = 1) in vec3 normal;
layout(location = 2) in vec2 uv;
layout(location = 3) in float open_sky;
layout(location = 4) in float solid;
uniform mat4 clip;
uniform mat4 shadow_clip;
out vec3 p; out vec3 n; out vec2 t; out vec2 still; out vec3 s;
void main() {
    p = position; n = normal; t = uv; still = vec2(open_sky, solid);
    s = (shadow_clip * vec4(position + 0.003 * normal, 1.0)).xyz;
    gl_Position = clip * vec4(position, 1.0);
}
"""

_FRAGMENT = """#version 330 core
in vec3 p; in vec3 n; in vec2 t; in vec2 still; in vec3 s;
uniform sampler2D image;
uniform sampler2D room;
uniform sampler2DShadow shadow;
uniform vec3 viewer;
uniform float roughness;
uniform vec2 alpha;  // drawn where alpha.x <= opacity < alpha.y
uniform float cutoff;  // above 0: the opacity is made a step of one pixel there
out vec4 colour;

vec3 shoulder(vec3 c) { return mix(c, 1.0 - 0.16 / max(c - 0.2, 0.4), step(0.6, c)); }  // 0.6 … ∞ → 0.6 … 1, no kink

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
    if (cutoff > 0.0) texel.a = clamp((texel.a - cutoff) / max(fwidth(texel.a), 0.01) + 0.5, 0.0, 1.0);
    if (texel.a < alpha.x || texel.a >= alpha.y) discard;
    vec3 base = texel.rgb * texel.rgb;
    float ao = still.x;
    vec3 N = normalize(gl_FrontFacing ? n : -n);
    vec3 V = normalize(viewer - p);
    vec3 sky = mix(GROUND, SKY, N.y * 0.5 + 0.5) * ao;
    const vec3 wrap = WRAP;
    float towards = dot(N, KEY);
    // beyond the terminator the wrapped light is the skin's own, which the map knows nothing of
    float seen = max(lit(), 1.0 - smoothstep(0.05, 0.40, towards)) * DEEP + 1.0 - DEEP;
    vec3 shade = vec3(0.5 * (sqrt(seen) + seen), seen, seen);  // what crept through skin is red
    vec3 k = clamp((towards + wrap) / (1.0 + wrap), 0.0, 1.0);
    vec3 f = clamp((dot(N, FILL) + wrap) / (1.0 + wrap), 0.0, 1.0);
    vec3 light = sky + (KEY_COLOUR * k * k * shade + FILL_COLOUR * f * ao)
               + (RIM_COLOUR * max(dot(N, RIM), 0.0) + RIM_LEFT_COLOUR * max(dot(N, RIM_LEFT), 0.0)) * ao;
    float fresnel = 1.0 - max(dot(N, V), 0.0);
    fresnel = fresnel * fresnel * fresnel * fresnel * fresnel;
    vec3 c;
    SURFACE
    c = sqrt(shoulder(c));
    if (still.y < 0.999) c = mix(texelFetch(room, ivec2(gl_FragCoord.xy), 0).rgb, c, still.y);  // the bust's soft end
    colour = vec4(c, texel.a);
}
"""

_WRAP = {
    "skin": (0.50, 0.26, 0.20),
    "eye": (0.35, 0.35, 0.35),
    "mouth": (0.45, 0.30, 0.28),
    "hair": (0.40, 0.40, 0.40),
    "cloth": (0.15, 0.15, 0.15),
}
_DEEP = {
    "skin": 0.85,
    "eye": 0.75,
    "mouth": 0.5,
    "hair": 0.8,
    "cloth": 0.85,
}  # fraction of the key light that a shadow takes
_SURFACE = {
    "skin": """
    vec3 shine = KEY_COLOUR * seen * gloss(N, V, KEY, roughness) + 0.6 * FILL_COLOUR * gloss(N, V, FILL, roughness)
               + RIM_COLOUR * gloss(N, V, RIM, 0.55);
    c = base * light + (0.035 * shine + fresnel * 0.10 * SKY) * ao;
    """,
    "eye": """
    float lid = 1.0 - 0.55 * smoothstep(0.05, 0.55, N.y) - 0.15 * smoothstep(0.3, 0.8, abs(N.x));
    vec3 R = reflect(-V, N);
    float window = smoothstep(0.974, 0.984, dot(R, KEY)) + 0.05 * smoothstep(0.95, 0.99, dot(R, FILL));
    c = base * light * lid * 0.9 + vec3(window) * 0.8 + SKY * 0.05 * smoothstep(-0.2, 0.6, R.y) * lid;
    """,
    "mouth": """
    c = base * light * mix(0.35, 1.1, ao) + 0.06 * ao * seen * KEY_COLOUR * gloss(N, V, KEY, 0.30);
    """,
    "hair": """
    vec3 T = dFdx(p) * dFdy(t.x) - dFdy(p) * dFdx(t.x);  // along the strand: where u stands still
    T = normalize(T + 1e-9);
    float th = dot(T, normalize(KEY + V));
    float along = 1.0 - th * th;
    along *= along; along *= along; along *= along;
    float strand = along * along * clamp(towards + 0.3, 0.0, 1.0) * seen;
    c = base * light * 0.9 + (base * 0.6 + 0.03) * KEY_COLOUR * strand * 0.35 * ao;
    """,
    "cloth": """
    c = base * light + 0.04 * KEY_COLOUR * seen * gloss(N, V, KEY, roughness);
    """,
}

SHADOW_VERTEX = """#version 330 core
layout(location = 0) in vec3 position;
layout(location = 2) in vec2 uv;
uniform mat4 clip;
out vec2 t;
void main() { t = uv; gl_Position = clip * vec4(position, 1.0); }
"""
SHADOW_FRAGMENT = """#version 330 core
void main() {}
"""
SHADOW_HAIR_FRAGMENT = """#version 330 core
in vec2 t; uniform sampler2D image;
void main() { if (texture(image, t).a < 0.5) discard; }
"""
BACKGROUND_VERTEX = """#version 330 core
out vec2 t;
void main() {
    t = vec2((gl_VertexID << 1) & 2, gl_VertexID & 2);
    gl_Position = vec4(t * 2.0 - 1.0, 0.0, 1.0);
}
"""
BACKGROUND_FRAGMENT = """#version 330 core
in vec2 t; uniform sampler2D image; out vec4 colour;
void main() { colour = vec4(texture(image, t).rgb, 1.0); }
"""


def kind(part: str) -> str:
    """The kind of surface of a part, by its name: "eyes" → eye; lashes, brows, hair, beard → hair; teeth → mouth …"""
    words = {
        "hair": ("hair", "lash", "brow", "beard", "stubble", "moustache"),
        "eye": ("eye", "iris", "sclera", "cornea"),
        "mouth": ("teeth", "tooth", "tongue", "gum"),
        "cloth": ("cloth", "shirt", "collar", "sweater", "glasses", "cap"),
    }
    return next((k for k, found in words.items() if any(w in part.lower() for w in found)), "skin")


def fragment(kind: str, studio: Studio, softness: float) -> str:
    """The fragment shader of a kind of surface; `softness`: half-width of the shadow's edge, fraction of its map."""
    text = _FRAGMENT.replace("SURFACE", _SURFACE[kind]).replace("= WRAP", f"= {_vec3(_WRAP[kind])}")
    text = text.replace("DEEP", str(_DEEP[kind])).replace("SOFT", f"{softness:.6f}")
    for name, light in (("RIM_LEFT", studio.rim_left), ("RIM", studio.rim), ("KEY", studio.key), ("FILL", studio.fill)):
        text = text.replace(f"{name}_COLOUR", _vec3(light.colour)).replace(name, _vec3(unit(light.direction)))
    return text.replace("GROUND", _vec3(studio.ground)).replace("SKY", _vec3(studio.sky))


def _vec3(values: tuple[float, ...] | np.ndarray) -> str:
    return f"vec3({', '.join(f'{float(v):.5f}' for v in values)})"
