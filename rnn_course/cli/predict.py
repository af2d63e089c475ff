"""`rnn-course predict`: which digit is it? A picture file is set as MNIST sets its digits, shown, and read."""

from pathlib import Path
from typing import Annotated, Any

import typer

from rnn_course.cli.errors import Problem

SHADES = " .:-=+*#%@"


def predict(
    images: Annotated[list[Path], typer.Argument(help="PNG or JPEG, one digit each.", show_default=False)],
    model: Annotated[
        str,
        typer.Option(help="nn, cnn or lstm of the package, or a model.safetensors of `rnn-course train`."),
    ] = "lstm",
) -> None:
    """Read handwritten digits from pictures: of any size, dark on light or light on dark."""
    from rnn_course.handwriting import PictureError, read_digit
    from rnn_course.train import probabilities

    network, as_input = _network(model)
    for path in images:
        try:
            digit = read_digit(path)
        except PictureError as error:
            raise Problem(str(error)) from None
        p = probabilities(network, as_input(digit[None].astype("float32")))[0]
        answer = int(p.argmax())
        typer.echo(f"{path}: {answer}, with probability {p[answer]:.2f}")
        typer.echo("scaled into a box of 20 pixels, centre of mass in the middle of 28 × 28, as MNIST's digits:")
        shown, ranked = _picture(digit), [f"{k}  {p[k]:6.1%}  {'█' * round(20 * p[k])}".rstrip() for k in range(len(p))]
        for k, line in enumerate(shown):
            typer.echo(f"{line}  {ranked[k - 2] if 0 <= k - 2 < len(ranked) else ''}".rstrip())
        typer.echo()


def _picture(digit: Any) -> list[str]:
    """14 lines of 28 signs, two rows of pixels a line: a sign is about twice as high as it is wide."""
    lines = digit.reshape(14, 2, 28).mean(axis=1)
    return ["".join(SHADES[min(9, int(10 * value))] for value in line) for line in lines]


def _network(name: str) -> tuple[Any, Any]:
    """A network, and how it sees images `[batch, 28, 28]`. Raises Problem for a name or file that is neither."""
    from rnn_course.checkpoint import CheckpointError
    from rnn_course.readers import MODELS, load_readers
    from rnn_course.recipes import load_trained

    if name in MODELS:
        return getattr(load_readers(), name), MODELS[name][1]
    if not Path(name).is_file():
        raise Problem(f"--model: expected {', '.join(MODELS)} or a checkpoint of `rnn-course train`, got {name!r}")
    try:
        model, notes = load_trained(name)
    except CheckpointError as error:
        raise Problem(str(error)) from None
    if (notes["rows"], notes["columns"]) != ("28", "28"):
        raise Problem(f"{name}: expected a model for pictures of 28 × 28, got {notes['rows']} × {notes['columns']}")
    return model, lambda images: images
