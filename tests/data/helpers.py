"""What the tests of MNIST share: the tiny files, where to put them and how to know them again."""

FIRST = "train-images-idx3-ubyte.gz"


def put(folder, files):
    folder.mkdir(parents=True, exist_ok=True)
    for name, body in files.items():
        (folder / name).write_bytes(body)
    return folder


def assert_only_good_files(folder, tiny):
    """Nothing half-written: what is in the folder is whole, and has its right name."""
    for path in folder.iterdir() if folder.exists() else ():
        assert path.read_bytes() == tiny.get(path.name), f"{path.name} was left behind"


def assert_is_tiny(data):
    assert data.train.images.shape == (7, 5, 4)
    assert data.test.images.shape == (3, 5, 4)
    assert data.name == "mnist"
