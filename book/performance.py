# %% [markdown]
# # How fast it is
#
# The cells of this course are written to be read. Yet the same cells, called by `dynamic_rnn`, train about as fast in NumPy as
# PyTorch's own LSTM does on the same processor core. How can that be, where does it hold, and where does it not?
#
# This page shows one run of `make bench`. The numbers are in `benchmarks/results/latest.json`; the command measures them anew,
# on your machine, and draws this page from what it finds.

# %%
import json
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np

from rnn_course.plot import COLOURS

here = Path.cwd()
folder = next(
    path
    for path in (here, *here.parents)
    if (path / "benchmarks").is_dir()
)
results = json.loads(
    (folder / "benchmarks/results/latest.json").read_text(
        encoding="utf-8"
    )
)
for name, value in results["machine"].items():
    print(f"{name:18} {value}")

# %% [markdown]
# ## How it is measured
#
# Whatever is compared is called in turn, again and again, in one process on one thread. Each time is processor time: what others
# do on the machine hardly counts. A point below is the median of a run, and the line through it reaches from the first to the third
# quartile. Everything is divided by the time of the same work in `torch.nn`, so 1 is as fast, and 2 takes twice as long.
#
# The work is a whole sequence forward and backward: the outputs, and the gradients of weights and inputs, in float32.
#
# ## An LSTM at seven sizes
#
# The peers are a loop as it stands in many a tutorial ("naive NumPy"), one with a matrix for each gate ("gate by gate", the style
# of numpy-ml), our own readable loop over `cell.forward`, JAX's compiled `scan`, and `torch.nn.LSTM` itself. One row of points is no
# program: the products alone, without a single sigmoid. Who computes with this matrix library cannot be faster.

# %% mystnb={"image": {"alt": "For each of seven sizes of an LSTM, a row of points on a logarithmic axis: the time of each program divided by that of torch.nn."}}
LOOKS = {
    "NumPy kernel": ("o", COLOURS["state"]),
    "Torch through our cell": ("D", COLOURS["input"]),
    "readable loop": ("s", COLOURS["weights"]),
    "naive NumPy": ("^", COLOURS["memory"]),
    "gate by gate": ("v", COLOURS["j"]),
    "JAX scan": ("P", COLOURS["o"]),
    "our calls alone": ("x", COLOURS["output"]),
    "the products alone": ("|", COLOURS["output"]),
}


def draw(groups, title, looks=LOOKS, reference="torch.nn"):
    """A line for each group and, on it, a mark for each program: its time divided by that of the reference."""
    figure, axes = plt.subplots(figsize=(8, 0.55 * len(groups) + 2))
    for place, times in enumerate(groups.values()):
        one = times[reference]["median"]
        for name, (marker, colour) in looks.items():
            if name in times:
                low, middle, high = (
                    times[name][part] / one
                    for part in ("lower", "median", "upper")
                )
                axes.plot(
                    [low, high],
                    [place, place],
                    color=colour,
                    linewidth=1,
                )
                label = name if place == 0 else None
                axes.plot(
                    middle,
                    place,
                    marker,
                    color=colour,
                    markersize=8,
                    label=label,
                    linestyle="none",
                )
    axes.axvline(1, color=COLOURS["padding"], linewidth=1, zorder=0)
    axes.set_xscale("log")
    ticks = [
        t
        for t in (0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20)
        if axes.get_xlim()[0] <= t <= axes.get_xlim()[1]
    ]
    axes.set_xticks(ticks, [f"{t:g}" for t in ticks])
    axes.set_yticks(range(len(groups)), list(groups))
    axes.invert_yaxis()
    axes.set_xlabel(
        f"time divided by that of {reference}; further left is faster"
    )
    axes.set_title(title)
    figure.legend(
        loc="outside lower center", ncols=4, frameon=False, fontsize=9
    )
    figure.tight_layout(rect=(0, 0.1, 1, 1))
    plt.show()


draw(
    results["lstm"],
    "An LSTM forward and backward, beside torch.nn.LSTM",
)

# %% [markdown]
# Read it from right to left. On the right stand programs that do the same sums in the same library and differ in one thing: how
# often Python asks for something, and how much memory each request walks through. The kernel does the arithmetic of the readable
# loop, but it
#
# - asks for one product a step, in place, and cuts it into blocks of 64 columns where this processor is faster with small
#   products; which it is, is measured when a shape is first seen;
# - begins every array at a cache line, for what lies across two lines is loaded more slowly;
# - keeps the gates apart, so that one tanh serves all four;
# - computes all gradients of weights after the loop, in one product.
#
# The rest between kernel and "products alone" is the price of the sigmoids, of tanh, and of the calls themselves. With a batch of
# one it is large: each call then moves a few hundred numbers, and a compiled loop wins. In the article's example, where a step has
# twenty units, everybody pays for calls alone, and the one with the fewest layers of software wins.
#
# ## Other cells, and sequences of different lengths

# %% mystnb={"image": {"alt": "The time of GRU, BasicRNN, a stack of LSTMs and a ragged batch, divided by that of torch.nn."}}
draw(
    results["others"],
    "Other cells, the stack of the article, and a ragged batch",
)

# %% [markdown]
# Torch has a fused kernel for the LSTM on a processor, but none for GRU and RNN: there it runs a loop of its own, in C++. In a
# ragged batch every step works on the rows that are still alive, and padding costs nothing.
#
# ## How the time grows

# %% mystnb={"image": {"alt": "Three log-log plots: seconds of the kernel against the number of steps, the batch and the hidden size."}}
figure, axes = plt.subplots(1, 3, figsize=(9, 3.2), sharey=True)
for axis, (name, growth), colour in zip(
    axes,
    results["growth"].items(),
    ("input", "state", "weights"),
    strict=True,
):
    axis.loglog(
        growth["sizes"],
        1e3 * np.array(growth["seconds"]),
        "o-",
        color=COLOURS[colour],
    )
    axis.set_xticks(growth["sizes"], growth["sizes"])
    axis.minorticks_off()
    axis.set_xlabel(name)
    axis.set_title(f"slope {growth['slope']:.2f}", fontsize=10)
axes[0].set_ylabel("milliseconds")
figure.suptitle("The kernel's time against one size, the others fixed")
figure.tight_layout()
plt.show()

# %% [markdown]
# A slope of 1 means: twice the size, twice the time. Steps wait for each other, so time grows in proportion to their number.
# A larger batch uses the same weights again, and at first costs less than its share. The recurrent product grows with the square of the
# hidden size, but small sizes are paid for in calls, and so the slope lies between 1 and 2.
#
# ## Layers

# %% mystnb={"image": {"alt": "The time of the layers of the course in NumPy, divided by that of torch.nn."}}
draw(
    results["layers"],
    "Layers forward and backward, channels last",
    {"NumPy": ("o", COLOURS["state"])},
)

# %% [markdown]
# ## What a learner waits for

# %%
print("processor seconds of an epoch on 500 of the embedded digits")
for recipe, times in results["epochs"].items():
    print(
        f"  {recipe:18}",
        *(
            f"{name} {spread['median']:.2f}  "
            for name, spread in times.items()
        ),
    )
print(
    "\nthe row LSTM on MNIST, after each epoch: accuracy on the test digits and processor seconds of training"
)
for name, found in (results["to 98 %"] or {}).items():
    print(
        f"  {name:6}",
        *(
            f"{p['accuracy']:.1%} {p['seconds']:.0f} s  "
            for p in found["curve"]
        ),
    )
print(
    "\nMiB that a long sequence adds to the memory of a process, forward and backward"
)
print(
    " ",
    *(f"{name} {mib:.0f}  " for name, mib in results["memory"].items()),
)
print("\nprocessor seconds until check() has answered a right answer")
print(
    " ",
    *(
        f"{name} {seconds:.2f}  "
        for name, seconds in results["checks"].items()
    ),
)
print("\nprocessor seconds of an import in a new process")
print(
    " ",
    *(
        f"{name} {seconds:.2f}  "
        for name, seconds in results["imports"].items()
    ),
)

# %% [markdown]
# Backward needs what each step has computed, and so memory grows with the number of steps. `dynamic_rnn(…, keep_every=6)` keeps
# the state before every sixth step alone, and runs the steps between again when it comes back to them: a fraction of the memory,
# for one more run forward. The least is reached near k = √(time/5); {code}`rnn_course.recompute` counts it out.
#
# ## What was aimed at
#
# The goals were set before the kernels were written, on another processor. Where one is not met, the products alone stand beside
# it where they can: no arrangement of the rest gets below them.

# %%
for goal in results["goals"]:
    value = "–" if goal["value"] is None else f"{goal['value']:.2f}"
    word = {None: "not measured", True: "met", False: "not met"}[
        goal["met"]
    ]
    floor = (
        ""
        if goal["floor"] is None
        else f"   products alone {goal['floor']:.2f}"
    )
    if goal.get("calls") is not None:
        floor += f", calls alone {goal['calls']:.2f}"
    print(
        f"{goal['name']:56} {value:>6} {'≥' if goal['least'] else '≤'} {goal['goal']:<5.2f} {word:12}{floor}"
    )

# %% [markdown]
# ## What these numbers do not say
#
# - They are of one processor, one thread and one version of each library; the first output of this page says which. On a processor
#   without AVX-512, blocks gain nothing. On many cores Torch also works in parallel, and NumPy only within a product.
# - No GPU was at hand. There the course hands whole sequences to cuDNN, as `torch.nn.LSTM` does; how long that takes has not been
#   measured.
# - A ratio is no reason to choose a library. Torch has autograd, GPUs and a thousand layers. The point is another: a few ideas, each
#   of them readable, take NumPy from "for teaching only" to the speed of the machine.
#
# To see how much your own machine does: `make bench-quick` answers in a minute, `make bench` in less than ten, and it draws this
# page again. `make costs` tells where the time of the course's own checks goes.
