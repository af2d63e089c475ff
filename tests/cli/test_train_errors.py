"""`rnn-course train` with what it cannot do: one line, exit code 2, and nothing left behind."""

import pytest

from rnn_course.checkpoint import checkpoint_metadata
from rnn_course.cli import run


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["vgg"], "'vgg' is not one of 'mlp', 'cnn', 'rnn', 'lstm', 'gru', 'bilstm'"),
        ([], "Missing argument"),
        (["mlp", "--data", "cifar"], "a .csv file, got 'cifar', which is not there"),
        (["mlp", "--test-data", "a.csv"], "--test-data: expected only with a .csv file as data"),
        (["mlp", "--backend", "numpy", "--precision", "mixed"], "mixed needs --backend torch, got numpy"),
        (["mlp", "--resume"], "--resume: expected a folder too: --out FOLDER"),
        (["mlp", "--tensorboard"], "--tensorboard: expected a folder too: --out FOLDER"),
        (["mlp", "--patience", "3"], "--patience: expected --validation N too"),
        (["cnn", "--backend", "numpy", "--hidden", "2,2,2,2,2"], "--hidden: expected fewer than 5 numbers of filters"),
        (["mlp", "--backend", "jax"], "'jax' is not one of 'numpy', 'torch'"),
        (["mlp", "--device", "tpu"], "device: expected one of auto, cpu, cuda, mps, got 'tpu'"),
        (["mlp", "--backend", "numpy", "--device", "cuda"], "NumPy computes on the CPU"),
        (["mlp", "--epochs", "0"], "'--epochs'"),
        (["mlp", "--epochs", "many"], "'--epochs'"),
        (["mlp", "--batch-size", "-1"], "'--batch-size'"),
        (["mlp", "--seed", "-1"], "'--seed'"),
        (["mlp", "--learning-rate", "0"], "--learning-rate: expected a positive number, got 0.0"),
        (["mlp", "--learning-rate", "nan"], "--learning-rate: expected a positive number, got nan"),
        (["mlp", "--learning-rate", "inf"], "--learning-rate: expected a positive number, got inf"),
        (["mlp", "--max-norm", "-1"], "--max-norm: expected a positive number"),
        (["mlp", "--hidden", "12,,3"], "--hidden: expected widths such as 128 or 100,400,300, got '12,,3'"),
        (["mlp", "--hidden", "0"], "--hidden"),
        (["mlp", "--hidden", ""], "--hidden"),
        (["mlp", "--backend", "numpy", "--validation", "1437"], "less than the 1437 training examples, got 1437"),
        (["mlp", "--backend", "numpy", "--hidden", "1000000000000"], "choose smaller sizes"),
        (["mlp", "--backend", "numpy", "--hidden", "8", "--learning-rate", "1e38"], "lower the learning rate"),
        (["mlp", "--speed", "9"], "--speed"),
    ],
    ids=lambda value: " ".join(value) or "nothing" if isinstance(value, list) else "",
)
def test_it_says_in_one_line_what_is_wrong(error_of, arguments, expected):
    assert expected in error_of("train", *arguments)


def test_a_card_that_is_not_there(error_of):
    torch = pytest.importorskip("torch")
    count = torch.cuda.device_count()
    assert "rnn-course train: " in error_of("train", "mlp", "--backend", "torch", "--device", f"cuda:{count}")


def test_torch_that_is_not_installed(error_of, monkeypatch):
    def no_torch(*arguments):
        raise ModuleNotFoundError('this needs PyTorch: pip install "rnn-course[torch]"')

    monkeypatch.setattr(run, "resolve_device", no_torch)
    assert 'pip install "rnn-course[torch]"' in error_of("train", "mlp", "--backend", "torch")


def test_without_torch_numpy_is_the_default(monkeypatch):
    monkeypatch.setattr(run, "find_spec", lambda name: None)
    assert run.default_backend() == "numpy"


def test_mnist_that_is_not_there(call, own_folders, monkeypatch):
    """The loader's message names the folder and every file, a line each, and what else to do."""
    monkeypatch.setenv("RNN_COURSE_DATA", str(own_folders))
    result = call("train", "mlp", "--data", "mnist", "--backend", "numpy")
    assert result.exit_code == 2
    assert result.stderr.startswith(f"rnn-course train: MNIST is not complete in {own_folders}")
    assert "--data digits" in result.stderr
    assert "Traceback" not in result.stderr


@pytest.mark.parametrize("out", ["taken", "taken/run"])
def test_an_out_that_cannot_be_written(error_of, own_folders, out):
    (own_folders / "taken").write_text("a file")
    message = error_of("train", "mlp", "--backend", "numpy", "--out", out)
    assert f"--out {out} cannot be written" in message
    assert (own_folders / "taken").read_text() == "a file"


def test_a_disk_that_fills_up_leaves_the_last_complete_epoch(error_of, own_folders, monkeypatch):
    from rnn_course.cli import record

    right = record.save_checkpoint

    def full_after_one(path, model, metadata):
        if metadata.get("epoch") == "2":
            raise OSError(28, "No space left on device")
        return right(path, model, metadata)

    monkeypatch.setattr(record, "save_checkpoint", full_after_one)
    small = ("--quiet", "--backend", "numpy", "--hidden", 4, "--batch-size", 240, "--epochs", 3)
    assert "No space left on device" in error_of("train", "mlp", *small, "--out", "a")
    assert "model.safetensors" in {path.name for path in (own_folders / "a").iterdir()}
    assert checkpoint_metadata(own_folders / "a" / "model.safetensors")["epoch"] == "1"


def test_a_card_whose_memory_is_full(error_of, monkeypatch):
    def full(*arguments):
        raise RuntimeError("CUDA out of memory. Tried to allocate 20.00 GiB")

    monkeypatch.setattr(run, "begin", full)
    assert "choose smaller sizes, the memory is full" in error_of("train", "mlp", "--backend", "numpy")


@pytest.mark.parametrize("error", [KeyError("a bug"), RuntimeError("a bug"), ValueError("a bug")])
def test_a_bug_is_not_hidden(call, monkeypatch, error):
    def bug(*arguments):
        raise error

    monkeypatch.setattr(run, "begin", bug)
    assert call("train", "mlp", "--backend", "numpy").exception is error
