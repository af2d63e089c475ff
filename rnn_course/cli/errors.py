"""What a user can put right is said in one line, with exit code 2; only a bug of ours shows a traceback."""

import errno
from typing import Any, NoReturn

import typer
from typer.core import TyperGroup

from rnn_course.data.idx import DataError

UsageError: Any = typer.BadParameter.__base__  # an unknown option, a missing argument, …: it has no public name


class Problem(Exception):
    """Something that the user can put right; the message says what was expected, what came and what to do."""


class OneLineErrors(TyperGroup):
    """The group of all commands, and the one place where their errors are caught."""

    def invoke(self, ctx: Any) -> Any:
        """Run the command; say what went wrong on stderr and leave with code 2."""
        try:
            return super().invoke(ctx)
        except UsageError as error:
            command = error.ctx.command_path if error.ctx else ctx.command_path
            message = " ".join(error.format_message().removesuffix(".").split()).replace("Value error, ", "")
            _leave(f"{command}: {message} (for help: {command} --help)")
        except (Problem, DataError, FloatingPointError, OSError) as error:
            if isinstance(error, OSError) and error.errno == errno.EPIPE:
                raise  # `rnn-course list | head`: typer ends quietly
            _leave(f"{ctx.command_path} {ctx.invoked_subcommand}: {error}")
        except (MemoryError, RuntimeError) as error:
            if not isinstance(error, MemoryError) and "memory" not in str(error):  # Torch has no class for both devices
                raise
            _leave(f"{ctx.command_path} {ctx.invoked_subcommand}: choose smaller sizes, the memory is full: {error}")


def _leave(message: str) -> NoReturn:
    typer.echo(message, err=True)
    raise typer.Exit(2) from None
