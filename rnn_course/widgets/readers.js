/* The three trained readers of the package (readers.py) in the page: their file, and the arithmetic of their answers. */
import { sigmoid } from "./common.js";

const SIDE = 28; // pixels of an image

/** The tensors of a safetensors file; one byte a weight becomes a number through the scale of its column. */
export function unpack(bytes) {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const length = Number(view.getBigUint64(0, true));
  const header = JSON.parse(new TextDecoder().decode(new Uint8Array(bytes.buffer, bytes.byteOffset + 8, length)));
  const numbers = ({ dtype, shape, data_offsets: [start, end] }) => {
    const at = 8 + length + start;
    const size = dtype === "I8" ? 1 : 4;
    const values = new Float64Array((end - start) / size);
    for (let k = 0; k < values.length; k++) values[k] = size === 1 ? view.getInt8(at + k) : view.getFloat32(at + 4 * k, true);
    return { shape, values };
  };
  const tensors = {};
  for (const [name, entry] of Object.entries(header)) {
    if (name === "__metadata__" || name.endsWith(".scale")) continue;
    tensors[name] = numbers(entry);
    const scale = header[`${name}.scale`] && numbers(header[`${name}.scale`]).values;
    if (scale) tensors[name].values.forEach((value, k, all) => (all[k] = value * scale[k % scale.length]));
  }
  return tensors;
}

/** x @ kernel + bias for one row; the kernel lies row by row. */
export function dense(x, kernel, bias) {
  const columns = bias.length;
  const y = Float64Array.from(bias);
  for (let row = 0; row < x.length; row++) {
    if (x[row] === 0) continue;
    for (let column = 0; column < columns; column++) y[column] += x[row] * kernel[row * columns + column];
  }
  return y;
}

const relu = (x) => x.map((value) => Math.max(value, 0));

/** A convolution with stride 1 and SAME padding; the image is [rows, columns, channels], row by row. */
export function convolve(x, size, { shape: [tall, wide, channels, filters], values }, bias) {
  const y = new Float64Array(size * size * filters);
  for (let i = 0; i < size; i++)
    for (let j = 0; j < size; j++) {
      const at = (i * size + j) * filters;
      for (let f = 0; f < filters; f++) y[at + f] = bias[f];
      for (let r = 0; r < tall; r++)
        for (let s = 0; s < wide; s++) {
          const [row, column] = [i + r - ((tall - 1) >> 1), j + s - ((wide - 1) >> 1)];
          if (row < 0 || row >= size || column < 0 || column >= size) continue;
          for (let c = 0; c < channels; c++) {
            const value = x[(row * size + column) * channels + c];
            if (value === 0) continue;
            const weights = ((r * wide + s) * channels + c) * filters;
            for (let f = 0; f < filters; f++) y[at + f] += value * values[weights + f];
          }
        }
    }
  return y;
}

/** The largest of each 2 × 2 pixels, channel by channel. */
export function halved(x, size, channels) {
  const half = size / 2;
  const y = new Float64Array(half * half * channels);
  for (let i = 0; i < half; i++)
    for (let j = 0; j < half; j++)
      for (let c = 0; c < channels; c++) {
        const at = (r, s) => x[((2 * i + r) * size + 2 * j + s) * channels + c];
        y[(i * half + j) * channels + c] = Math.max(at(0, 0), at(0, 1), at(1, 0), at(1, 1));
      }
  return y;
}

/** Shares that add up to 1. */
export function softmax(logits) {
  const largest = Math.max(...logits);
  const powers = Array.from(logits, (value) => Math.exp(value - largest));
  const sum = powers.reduce((all, one) => all + one, 0);
  return powers.map((power) => power / sum);
}

/** What each network answers to an image of 28 × 28 numbers, and the LSTM's belief after each row. */
export function answers(tensors, image) {
  const of = (name) => tensors[name].values;
  const hidden = relu(dense(image, of("nn.layers.1.kernel"), of("nn.layers.1.bias")));
  const nn = softmax(dense(hidden, of("nn.layers.3.kernel"), of("nn.layers.3.bias")));
  let x = image;
  let size = SIDE;
  for (const layer of [0, 3]) {
    const kernel = tensors[`cnn.layers.${layer}.kernel`];
    x = halved(relu(convolve(x, size, kernel, of(`cnn.layers.${layer}.bias`))), size, kernel.shape[3]);
    size /= 2;
  }
  const cnn = softmax(dense(x, of("cnn.layers.7.kernel"), of("cnn.layers.7.bias")));
  const beliefs = believe(tensors, image);
  return { nn, cnn, lstm: beliefs.at(-1), beliefs };
}

/** Row by row: [row, class]. */
function believe(tensors, image) {
  const of = (name) => tensors[`lstm.${name}`].values;
  const n = of("cell.bias").length / 4;
  let [c, h] = [new Float64Array(n), new Float64Array(n)];
  return Array.from({ length: SIDE }, (_, row) => {
    const z = dense([...image.subarray(row * SIDE, (row + 1) * SIDE), ...h], of("cell.kernel"), of("cell.bias"));
    c = c.map((old, k) => sigmoid(z[2 * n + k]) * old + sigmoid(z[k]) * Math.tanh(z[n + k])); // i, j, f, o
    h = c.map((memory, k) => sigmoid(z[3 * n + k]) * Math.tanh(memory));
    return softmax(dense(h, of("readout.kernel"), of("readout.bias")));
  });
}

