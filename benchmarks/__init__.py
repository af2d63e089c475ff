"""How fast the course's code is, beside its peers, in one run: `make bench`, or `make bench-quick`.

timing        interleaved repeats in processor time, medians with their spread
machine       where and with what it was measured
peers         an LSTM in NumPy as it is usually written, in two ways; JAX; the floor
recurrent     LSTM at seven sizes, GRU, RNN, a stack, Torch through our cells, ragged batches
layers        dense layers, convolution, pooling, normalization, the loss, the optimiser
training      an epoch of each recipe; with MNIST at hand, the time to 98 %
costs         memory, import, `check()`, and how time grows with the sizes
course        what the course's own checks cost: each notebook, the book from nothing and with one chapter changed
goals         what was aimed at, and what is enough for the tests
"""
