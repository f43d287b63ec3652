"""The viewer's script: three.js out of the trimesh wheel, our renderer's shaders, and static/viewer/, in one file.

trimesh ships three.js r140 with its GLTF loader inside the page of its own viewer; what stands before that page's
program defines the global THREE. The shaders are those of render/shaders, translated to WebGL 2.
"""

import functools
import hashlib
import json
import re
import zipfile
from pathlib import Path

import trimesh

from talkdemo.files import replacing
from talkdemo.render import shader
from talkdemo.render.light import SHADOW_SIZE, STUDIO
from talkdemo.ui.parts.visits import private_root
from talkdemo.ui.style import STATIC

OWN = ("motion", "figure", "surfaces", "stage", "clock", "controls", "viewer")  # files of static/viewer, in their order
PROGRAM = "var camera,controls,scene,renderer"  # where the page's own program begins

_VERSION = "#version 330 core\n"
_PRECISION = "precision highp float;\nprecision highp int;\nprecision highp sampler2DShadow;\n"
# The room behind the head, as light.Studio.background draws it; `frame` is the part of the canvas that shows the head.
_ROOM = """uniform vec4 frame;
vec3 room_at(vec2 at) {
    vec2 p = at - frame.xy, size = frame.zw;
    float r = clamp(length((p - vec2(0.5, 0.55) * size) / max(size.x, size.y)) / 0.72, 0.0, 1.0);
    float grain = fract(52.9829189 * fract(dot(at, vec2(0.06711056, 0.00583715)))) - 0.5;
    return mix(CENTRE, EDGE, r * r * (3.0 - 2.0 * r)) + grain / 255.0;
}
"""
_BACKGROUND = "out vec4 colour;\nvoid main() { colour = vec4(room_at(gl_FragCoord.xy), 1.0); }\n"
# Beyond its edge the shadow map counts as lit (WebGL has no border); lips can be coloured by a distance in millimetres.
_SHADOW = """float arrives(vec3 at) {
    return any(greaterThan(abs(at.xy - 0.5), vec2(0.5))) ? 1.0 : texture(shadow, at);
}
"""
_MARK = """
    if (millimetres > 0.0) c = mix(c, heat(mark.y / millimetres) * (0.35 + 0.65 * dot(c, vec3(0.5))), mark.x);
    c = sqrt(shoulder(c));"""
_HEAT = """in vec2 mark;
uniform float millimetres;  // the upper end of the scale; 0: none
vec3 heat(float x) {
    x = clamp(x, 0.0, 1.0);
    vec3 low = mix(vec3(0.05, 0.15, 0.75), vec3(0.1, 0.75, 0.35), clamp(x * 2.0, 0.0, 1.0));
    return mix(low, vec3(0.95, 0.12, 0.03), clamp(x * 2.0 - 1.0, 0.0, 1.0));
}
"""


def three() -> str:
    """three.js with GLTFLoader and TrackballControls, as one script that defines the global THREE.

    Raises RuntimeError when the trimesh that is installed does not have it where it was."""
    archive = Path(trimesh.__file__).parent / "resources" / "templates" / "viewer.zip"
    with zipfile.ZipFile(archive) as file:
        page = file.read("viewer.html.template").decode("utf-8")
    script = re.search(rf"<script>(.*?){re.escape(PROGRAM)}", page, re.DOTALL)
    if script is None:
        raise RuntimeError(f"trimesh {trimesh.__version__} has no three.js where it was looked for; 5.2.0 is wanted")
    return script[1]


def studio() -> dict[str, object]:
    """Our shaders in WebGL 2's GLSL, and the numbers that go with them."""
    room = _ROOM
    for name, colour in (("CENTRE", STUDIO.centre), ("EDGE", STUDIO.edge)):
        room = room.replace(name, "vec3({}, {}, {})".format(*(round(value / 255, 5) for value in colour)))
    strands = _translated("depth.frag")
    return {
        "vertex": _translated(
            "face.vert",
            ("uniform mat4 V;\nuniform mat4 P;\n", "uniform mat4 clip;\n"),
            ("P * V * ", "clip * "),
            ("layout(location = 3) in vec4 still_at;", "layout(location = 3) in float open_sky;"),
            ("uniform mat4 shadow_clip;", "layout(location = 4) in float solid;\nuniform mat4 shadow_clip;"),
            ("still_at.xy", "vec2(open_sky, solid)"),
            ("out vec3 p;", "layout(location = 5) in vec2 lip;\nout vec2 mark;\nout vec3 p;"),
            ("p = position;", "mark = lip; p = position;"),
        ),
        "fragments": {kind: _fragment(kind, room) for kind in shader.KINDS},
        "shadowVertex": _translated("depth.vert", ("mat4 P;", "mat4 clip;"), ("P * ", "clip * ")),
        "solid": strands,
        "strands": f"#define STRANDS\n{strands}",
        "background": f"{_PRECISION}{room}{_BACKGROUND}",
        "shadowSize": SHADOW_SIZE,
        "dense": shader.DENSE,
        "thin": shader.THIN,
    }


def _fragment(kind: str, room: str) -> str:
    constants = "".join(f"#define {name} {value}\n" for name, value in shader.defines(kind, STUDIO).items())
    return constants + _translated(
        "face.frag",
        ("#extension GL_ARB_shading_language_420pack : require\n", ""),
        ("layout(binding = 0) uniform sampler2D image;\n", "uniform sampler2D image;\n"),
        ("layout(binding = 1) uniform sampler2DShadow shadow;\n", "uniform sampler2DShadow shadow;\n"),
        ("layout(binding = 2) uniform sampler2D room;\n", room),
        ("texelFetch(room, ivec2(gl_FragCoord.xy), 0).rgb", "room_at(gl_FragCoord.xy)"),
        ("texture(shadow, ", "arrives("),
        ("uniform vec3 cam_pos;\n", f"{_SHADOW}{_HEAT}uniform vec3 cam_pos;\n"),
        ("cam_pos", "viewer"),
        ("\n    c = sqrt(shoulder(c));", _MARK),
    )


def _translated(name: str, *changes: tuple[str, str]) -> str:
    """GLSL 3.30 of a file as GLSL ES 3.00 (three.js adds the version), with changes, each of which must apply."""
    text = (shader.FOLDER / name).read_text(encoding="utf-8")
    for old, new in ((_VERSION, _PRECISION), *changes):
        if old not in text:
            raise RuntimeError(f"the renderer's shader has changed: {old!r} is not in it")
        text = text.replace(old, new)
    return text


@functools.cache
def build_script() -> Path:
    """The file, in this process's private folder, named by its content."""
    own = [(STATIC / "viewer" / f"{name}.js").read_text(encoding="utf-8") for name in OWN]
    shaders = f"const STUDIO = {json.dumps(studio())};"
    text = "\n".join(
        [three(), "window.TalkHead = (() => {", '"use strict";', shaders, *own, "return { mount };", "})();"]
    )
    data = text.encode("utf-8")
    folder = private_root() / "viewer"
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    path = folder / f"viewer-{hashlib.sha256(data).hexdigest()[:16]}.js"
    with replacing(path) as part:
        part.write_bytes(data)
    return path
