"""`python -m rnn_course …` is `rnn-course …`; torchrun starts it this way."""

from rnn_course.cli import app

if __name__ == "__main__":
    app(prog_name="rnn-course")
