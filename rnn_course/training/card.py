"""A model card: what somebody who gets a trained network has to know, in Markdown, made from the record of its run."""

from rnn_course.answers import standard_error
from rnn_course.training.results import RunRecord

LIMITS = (
    "It was made to read one digit, set as MNIST sets its digits: 28 × 28, light on dark, in the middle.",
    "It answers whatever it is shown: there is no class for what is no digit.",
    "Its probabilities have not been calibrated.",
)


def model_card(run: RunRecord) -> str:
    """The card of a run: data, recipe, seed, accuracy with its standard error, confusions, limits, versions.

    The standard error is that of the test examples, √(p(1 − p)/n); one run says nothing about other seeds.
    """
    share, error = run.final_accuracy, standard_error(run.final_accuracy, run.test_examples)
    lines = [
        f"# {run.recipe} {', '.join(map(str, run.hidden))} on {run.data}",
        "",
        f"Accuracy **{100 * share:.2f} %** ± {100 * error:.2f} (one standard error) "
        f"on {run.test_examples:,} test examples.",
        "",
        "| | |",
        "|---|---|",
        f"| data | {run.data}: {run.train_examples:,} examples to learn from, {run.test_examples:,} to test |",
        f"| recipe | {run.recipe}, hidden {', '.join(map(str, run.hidden))}; {run.parameters:,} parameters |",
        f"| training | {run.epochs} epochs, batches of {run.batch_size}, {run.schedule} to {run.rate:g}, "
        f"weight decay {run.weight_decay:g}, shifts of {run.shift} pixels |",
        f"| seed | {run.seed} |",
        f"| where | {run.backend}, {run.device}, {run.processes} process(es), {run.precision}; {run.seconds:.0f} s |",
        f"| command | `{run.command}` |",
        "",
        "## What it confuses",
        "",
        *_confusions(run),
        "",
        "## Limits",
        "",
        *(f"- {limit}" for limit in LIMITS),
        "- It is one run of one seed; another seed gives another network.",
    ]
    if run.accuracy_on == "test":
        lines.append("- The test examples were watched after each epoch; what was chosen by them would flatter.")
    if run.remark:
        lines.append(f"- {run.remark}")
    lines += ["", "## Machine and versions", "", *(f"- {name}: {value}" for name, value in run.machine.items()), ""]
    return "\n".join(lines)


def _confusions(run: RunRecord, most: int = 5) -> list[str]:
    """The most frequent wrong answers, and how often each class is right."""
    wrong = [
        (count, label, answer)
        for label, row in enumerate(run.confusion)
        for answer, count in enumerate(row)
        if count and label != answer
    ]
    lines = [
        f"- {label} taken for {answer}: {count} times"
        for count, label, answer in sorted(wrong, key=lambda w: -w[0])[:most]
    ]
    shares = [100 * row[label] / sum(row) for label, row in enumerate(run.confusion) if sum(row)]
    return [*(lines or ["- nothing"]), f"- right answers by class: {', '.join(f'{share:.1f} %' for share in shares)}"]
