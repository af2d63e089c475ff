"""Questions of chapter 10, dynamic_rnn: time-major, outputs and final state, padding, length 0, a length too long."""

from rnn_course.quizzes.question import Question, Wrong

TIME_MAJOR = """
# [time, batch, input]
X = rng.random((3, 4, 3), "float32")
cell = LSTMCell.init(3, 5, rng=rng)
outputs, state = dynamic_rnn(
    cell, X, time_major=True
)
"""
BATCH_MAJOR = """
# [batch, time, input]
inputs = rng.random((2, 6, 3), "float32")
cell = LSTMCell.init(3, 5, rng=rng)
"""
PADDED = (
    BATCH_MAJOR
    + """
outputs, state = dynamic_rnn(
    cell, inputs, sequence_length=[4, 2]
)
"""
)

QUESTIONS = (
    Question(
        code=TIME_MAJOR,
        asks="outputs",
        why="Time-major in, time-major out: `[time, batch, hidden]`. Only the last axis changes, from the 3 numbers "
        "of an input to the 5 units of the cell.",
        wrong=(
            Wrong("outputs.swapaxes(0, 1)", "This is batch-major. The outputs keep the layout of the inputs."),
            Wrong("outputs[-1]", "It is the last step alone. The outputs hold all 3 steps."),
            Wrong("X", "The outputs are as wide as the cell, not as wide as the input."),
            Wrong(
                "state",
                "This is the second result, the state after the last step. The first holds the outputs of all steps.",
            ),
        ),
    ),
    Question(
        code=TIME_MAJOR,
        asks="state",
        why="The pair of c and h after the last step, one row for each of the 4 sequences. There is no time axis. Its "
        "h is the last output, `outputs[-1] == state.h`; c appears in no output.",
        wrong=(
            Wrong("outputs[-1]", "It is h alone. The final state of an LSTM is the pair of c and h."),
            Wrong(
                "LSTMStateTuple(c=outputs, h=outputs)",
                "There is a state after every step, but only the last one is returned.",
            ),
            Wrong(
                "dynamic_rnn(cell, X)[1]",
                "Without `time_major=True` the 3 steps are taken for 3 sequences of 4 steps. No error says so, for "
                "the input is 3 wide either way.",
            ),
            Wrong("outputs", "These are the outputs of all steps, the first of the two results."),
        ),
    ),
    Question(
        code=PADDED,
        asks="outputs",
        why="The outputs have all 6 steps of the inputs. Past the end of a row they are exactly 0: `outputs[0, 4:] == "
        "0` and `outputs[1, 2:] == 0`.",
        wrong=(
            Wrong(
                "outputs[:, :4]",
                "The longest row has 4 steps, but nothing is cut off: the padded steps are there, filled with 0.",
            ),
            Wrong(
                "(outputs[0, :4], outputs[1, :2])",
                "These are the valid parts. An array cannot have rows of different lengths, which is what padding is "
                "for.",
            ),
            Wrong("state.h", "It is the state after the last valid step of each row."),
            Wrong(
                "outputs.swapaxes(0, 1)",
                "Inputs are batch-major unless you say `time_major=True`, and so are the outputs.",
            ),
        ),
    ),
    Question(
        code=PADDED
        + """
rows = np.arange(2)
last = outputs[rows, [3, 1]]
""",
        asks="last",
        why="The last valid output of each row, step 3 of row 0 and step 1 of row 1: two lists of the same length are "
        "read in pairs. `last == state.h`, but `outputs[:, -1] == 0` here.",
        wrong=(
            Wrong(
                "outputs[:, [3, 1]]",
                "With a colon each row gives both steps. Two lists side by side are read in pairs instead.",
            ),
            Wrong("outputs[rows]", "The second list picks one step of each row, so the time axis is gone."),
            Wrong("outputs[1, 1]", "It is the last valid output of row 1 alone."),
            Wrong("state", "It is the whole state. An output is only its h."),
        ),
    ),
    Question(
        code=BATCH_MAJOR
        + """
start = LSTMStateTuple(
    c=rng.random((2, 5), "float32"),
    h=rng.random((2, 5), "float32"),
)
outputs, state = dynamic_rnn(
    cell, inputs, start, sequence_length=[6, 0]
)
""",
        asks="state.h",
        why="A row of length 0 stays in the batch. Nothing is read, so its final state is its initial one: "
        "`state.h[1] == start.h[1]`.",
        wrong=(
            Wrong(
                Exception,
                "Torch's packing raises an error for an empty sequence. Here, as in TensorFlow 1, a length of 0 is "
                "legal.",
            ),
            Wrong("state.h[:1]", "No row is dropped: row 1 would no longer be the second sequence of the batch."),
            Wrong("outputs[1, :0]", "These are the valid outputs of row 1: none. Its state is there all the same."),
            Wrong("outputs", "These are the outputs of all steps. Those of row 1 are 0 throughout."),
        ),
    ),
    Question(
        code=BATCH_MAJOR
        + """
def read(lengths):
    return dynamic_rnn(
        cell, inputs, sequence_length=lengths
    )[0]
""",
        asks="read([7, 2])",
        raises=ValueError,
        why="There are 6 steps, so nobody can read 7: a length is a whole number from 0 to the size of the time axis. "
        "TensorFlow 1 accepts it silently, and you find out late or never.",
        wrong=(
            Wrong(
                "read([6, 2])",
                "That is what TensorFlow 1 gives: it runs to the end and says nothing. The wrong length is more "
                "likely a mistake of yours.",
            ),
            Wrong([2, 7, 5], "A seventh step would need an input, and there is none."),
            Wrong(
                "read([6, 2])[:, :2]",
                "The longest row does not decide how many steps there are, nor does the shortest.",
            ),
        ),
    ),
)
