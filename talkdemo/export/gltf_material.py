"""Materials of a head as glTF's: base colour texture, roughness, alpha mode; images as JPEG, with opacity as PNG."""

import io

import numpy as np
import pygltflib as gltf
from PIL import Image

from talkdemo.export.gltf_buffer import Buffer
from talkdemo.records import Part
from talkdemo.render.shader import kind as surface

JPEG_QUALITY = 92  # without chroma subsampling: lips keep their edge


def add(file: gltf.GLTF2, buffer: Buffer, part: Part) -> int:
    """Append the material of a part, named after it, and its image; returns the material."""
    material = part.material
    data, kind = encode(material.texture)
    view = buffer.blob(data, f"image {part.name}")
    file.images.append(gltf.Image(name=part.name, mimeType=kind, bufferView=view))
    file.textures.append(gltf.Texture(source=len(file.images) - 1, sampler=0))
    file.materials.append(
        gltf.Material(
            name=part.name,
            pbrMetallicRoughness=gltf.PbrMetallicRoughness(
                baseColorTexture=gltf.TextureInfo(index=len(file.textures) - 1),
                metallicFactor=0.0,
                roughnessFactor=material.roughness,
            ),
            alphaMode=material.alpha.upper(),
            alphaCutoff=material.cutoff if material.alpha == "mask" else None,
            doubleSided=material.double_sided,
            extras={"surface": surface(part.name)},
        )
    )
    return len(file.materials) - 1


def encode(texture: np.ndarray) -> tuple[bytes, str]:
    """(H, W, 3 or 4) uint8 → bytes of an image and its media type."""
    stream = io.BytesIO()
    kind = "png" if texture.shape[2] == 4 else "jpeg"
    Image.fromarray(texture).save(stream, kind, quality=JPEG_QUALITY, subsampling=0)  # PNG ignores both
    return stream.getvalue(), f"image/{kind}"
