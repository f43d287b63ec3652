"""A student is moved by what retraining changed in its teacher."""

import pytest
import torch

from talkdemo import checkpoint
from talkdemo.train.distill import transfer
from talkdemo.train.distill.loss import student_of
from talkdemo.train.distill.transfer import moved

STEPS = 16


def shift(talker, by: float):
    with torch.no_grad():
        for parameter in talker.parameters():
            parameter += by
        talker.statistics.mean += 7
    return talker


def test_a_student_moves_as_far_as_its_teacher(tiny):
    before, after = tiny(STEPS).eval(), shift(tiny(STEPS).eval(), 0.25)
    student = shift(student_of(before, 2), 0.5).eval()
    now, was = moved(student, before, after).state_dict(), student.state_dict()
    assert moved(student, before, after).config.student_steps == 2
    for name, tensor in now.items():
        if name.startswith("statistics."):
            assert torch.equal(tensor, after.state_dict()[name])
        elif "guidance_in" in name:  # its teacher has none
            assert torch.equal(tensor, was[name])
        elif name in dict(student.named_parameters()):
            assert torch.allclose(tensor, was[name] + 0.25, atol=1e-6)


def test_another_network_is_refused(tiny):
    before = tiny(STEPS)
    with pytest.raises(ValueError, match="the same network is wanted"):
        moved(student_of(before, 2), before, tiny(2 * STEPS))


def test_the_command_writes_a_student_of_the_new_teacher(tiny, tmp_path, capsys):
    paths = {name: tmp_path / f"{name}.safetensors" for name in ("before", "after", "before-2", "out")}
    before, after = tiny(STEPS), shift(tiny(STEPS), 0.25)
    before.save(paths["before"], {"recipe": "x"})
    after.save(paths["after"], {"recipe": "y", "steps": 5, "trained_on": ["b"]})
    student_of(before, 2).save(paths["before-2"], {"recipe": "z", "method": "progressive", "trained_on": ["a"]})
    transfer.main([str(paths[name]) for name in ("before-2", "before", "after")] + ["--out", str(paths["out"])])
    written = checkpoint.load(paths["out"], "talker")
    assert written.config["student_steps"] == 2 and written.provenance["trained_on"] == ["b"]
    assert written.provenance["method"] == "progressive" and written.provenance["teacher"]["name"] == "after"
    assert "before-2 moved to after" in capsys.readouterr().out
