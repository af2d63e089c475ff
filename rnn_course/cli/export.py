"""`rnn-course export`: a trained classifier as a file for other programs."""

from pathlib import Path
from typing import Annotated

import typer

from rnn_course.cli.errors import Problem


def export(
    model: Annotated[
        Path,
        typer.Argument(
            help="A model.safetensors of `rnn-course train`, or the folder of its --out.", show_default=False
        ),
    ],
    out: Annotated[
        Path,
        typer.Option(help="FILE.onnx, or FILE.pt2 for torch.export.load; replaces an older one.", show_default=False),
    ],
) -> None:
    """Write a trained classifier for programs without this package, as ONNX or for torch.export.load.

    The file holds a function from images, 0 paper and 1 ink, to logits, for any batch. Before it takes its place it is
    read again, by onnxruntime or Torch, and has to give what the package gives, to 1e-5.
    """
    from rnn_course.checkpoint import CheckpointError
    from rnn_course.export import ExportError
    from rnn_course.export import export as write
    from rnn_course.recipes import load_trained

    path = model / "model.safetensors" if model.is_dir() else model
    try:
        done = write(load_trained(path), out)
    except (CheckpointError, ExportError) as error:
        raise Problem(str(error)) from None
    typer.echo(f"{out} written: {done.format.name}")
    typer.echo(f"images [batch, {done.images[0]}, {done.images[1]}] -> logits [batch, {done.classes}], float32")
    typer.echo(f"read by {done.format.read_by}, it gives what the package gives to {done.difference:.0e}")
