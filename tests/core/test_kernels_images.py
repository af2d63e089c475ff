"""Which images Torch's own convolution and maximum take; the generic path does the others."""

import pytest
import torch

from rnn_course.kernels import images


@pytest.mark.parametrize(
    ("shape", "dtype", "taken"),
    [
        ((2, 3, 4, 5), torch.float32, True),
        ((2, 3, 4, 1), torch.float64, True),
        ((2, 3, 4, 5), torch.int64, False),
        ((0, 3, 4, 5), torch.float32, False),
        ((2, 3, 4, 0), torch.float32, False),
        ((0, 3, 4, 5), torch.int64, False),
    ],
)
def test_whole_images_of_floating_point_numbers_are_taken(shape, dtype, taken):
    assert images.fits(torch.ones(shape, dtype=dtype)) is taken
