"""`rnn-course predict` on pictures made of the package's digits, and on files that are none."""

import io

import numpy as np
import pytest
from PIL import Image

from rnn_course import load_digits, mlp, probabilities, save_checkpoint
from rnn_course.data.centring import like_mnist
from rnn_course.handwriting import PictureError, grey, ink, read_digit
from rnn_course.readers import load_readers

TEST = load_digits().test


def canvas(k, side=90):
    """Test digit k, enlarged, somewhere on white paper: bytes, 0 black and 255 white."""
    small = Image.fromarray(np.uint8(255 * TEST.images[k]))
    paper = np.full((side + 47, side + 71), 255, np.uint8)
    paper[17 : 17 + side, 40 : 40 + side] -= np.asarray(small.resize((side, side), Image.Resampling.BILINEAR))
    return Image.fromarray(paper)


def test_a_picture_file_loses_nothing_of_a_digit_whatever_its_size_and_colours(tmp_path):
    def share(digits):
        answers = probabilities(load_readers().lstm, np.stack(digits).astype("float32")).argmax(axis=1)
        return float(np.mean(answers == TEST.labels[: len(digits)]))

    dark, light = [], []
    for k in range(100):
        for digits, invert in ((dark, False), (light, True)):
            image = canvas(k, 60 + k)
            (Image.eval(image, lambda v: 255 - v) if invert else image).save(tmp_path / "digit.png")
            digits.append(read_digit(tmp_path / "digit.png"))
    assert share(dark) >= 0.8  # strangers' digits, enlarged from 8 × 8: as many are read of the arrays themselves
    assert share(dark) >= share([like_mnist(image) for image in TEST.images[:100]]) - 0.02
    np.testing.assert_allclose(light, dark, atol=1e-6)


def test_colour_transparency_jpeg_sixteen_bits_and_a_turned_camera_show_the_same_digit(tmp_path):
    image = canvas(5)
    expected = ink(np.asarray(image) / 255)
    dark = 255 - np.asarray(image)
    strokes = np.zeros((*dark.shape, 4), np.uint8)
    strokes[..., 3] = dark
    white = strokes.copy()
    white[..., :3] = 255
    turned = Image.Exif()
    turned[0x0112] = 6  # the camera was held so that the picture has to be turned by 90 degrees to the right
    files = {
        "rgb.png": lambda p: image.convert("RGB").save(p),
        "palette.png": lambda p: image.convert("P").save(p),
        "black-on-nothing.png": lambda p: Image.fromarray(strokes).save(p),
        "white-on-nothing.png": lambda p: Image.fromarray(white).save(p),
        "sixteen.png": lambda p: Image.fromarray(np.asarray(image).astype(np.uint16) * 257).save(p),
        "photo.jpg": lambda p: image.save(p, quality=95),
        "turned.jpg": lambda p: image.transpose(Image.Transpose.ROTATE_90).save(p, quality=95, exif=turned),
    }
    for name, save in files.items():
        save(tmp_path / name)
        got = ink(grey(tmp_path / name))
        assert got.shape == expected.shape, name
        np.testing.assert_allclose(got, expected, atol=0.12, err_msg=name)


def test_the_command_prints_the_answer_a_picture_and_all_probabilities(call, tmp_path):
    path = tmp_path / "digit.png"
    canvas(7).save(path)
    result = call("predict", path, "--model", "lstm")
    assert result.exit_code == 0, result.stderr
    p = probabilities(load_readers().lstm, read_digit(path)[None].astype("float32"))[0]
    assert f"digit.png: {p.argmax()}, with probability {p.max():.2f}" in result.stdout
    assert "as MNIST's digits" in result.stdout
    lines = result.stdout.splitlines()[2:16]
    assert all(f"{k}  {p[k]:6.1%}" in lines[k + 2] for k in range(10))
    assert any("@" in line or "#" in line or "%" in line[:28] for line in lines)


def test_a_checkpoint_of_training_reads_and_another_file_is_refused(call, tmp_path):
    from rnn_course.recipes import RECIPES

    path, rng = tmp_path / "digit.png", np.random.default_rng(3)
    canvas(7).save(path)
    model = RECIPES["gru"].make((28, 28), (6,), 10, rng=rng)
    notes = {"recipe": "gru", "rows": "28", "columns": "28", "classes": "10", "hidden": "6"}
    saved = save_checkpoint(tmp_path / "model.safetensors", model, notes)
    result = call("predict", path, "--model", saved)
    assert result.exit_code == 0, result.stderr
    p = probabilities(model, read_digit(path)[None].astype("float32"))[0]
    assert f"with probability {p.max():.2f}" in result.stdout

    bare = save_checkpoint(tmp_path / "bare.safetensors", mlp((4, 2), rng=rng))
    for wrong, message in ((bare, "rnn-course train --out"), (path, "safetensors"), ("gpt", "nn, cnn, lstm")):
        result = call("predict", path, "--model", wrong)
        assert result.exit_code == 2
        assert message in result.stderr
        assert len(result.stderr.splitlines()) == 1


def damaged():
    """Files that show no digit, and what is said about them."""
    png, whole = io.BytesIO(), io.BytesIO()
    canvas(3).save(png, "PNG")
    Image.new("1", (8000, 7000)).save(whole, "PNG")
    white = io.BytesIO()
    Image.new("L", (30, 30), 255).save(white, "PNG")
    return {
        "text": (b"seven", "expected a PNG or JPEG picture, got something else"),
        "empty": (b"", "got an empty file"),
        "cut short": (png.getvalue()[: len(png.getvalue()) // 2], "cut short or damaged"),
        "huge": (whole.getvalue(), "expected at most 50,000,000 pixels, got 8000 × 7000"),
        "blank": (white.getvalue(), "a picture of one colour"),
    }


@pytest.mark.parametrize("kind", damaged())
def test_a_bad_file_is_one_clear_error(call, tmp_path, kind):
    content, message = damaged()[kind]
    path = tmp_path / "bad.png"
    path.write_bytes(content)
    with pytest.raises(PictureError, match=r"bad\.png"):
        read_digit(path)
    result = call("predict", path)
    assert result.exit_code == 2
    assert message in result.stderr
    assert len(result.stderr.splitlines()) == 1


def test_a_missing_file_and_a_folder_are_clear_errors(call, tmp_path):
    for path, message in ((tmp_path / "none.png", "there is no such file"), (tmp_path, "expected a picture file")):
        result = call("predict", path)
        assert result.exit_code == 2
        assert message in result.stderr
