import { generated, sourceOf, splitValidation } from '@freetickets/datasets';

const digits = generated(); // 6000 + 2000 small pictures, drawn on the spot
const { train, validation } = splitValidation(digits.train, 0.1);
console.log(digits.shape, train.size, validation.size); // [ 1, 16, 16 ] 5400 600

const source = sourceOf(train, { dataset: digits });
for (const { size, images, labels } of source.batches({ batchSize: 128, shuffle: { seed: 17, epoch: 0 } })) {
  console.log(size, images.length, digits.classes[labels[0]!]); // 128 32768 and the first digit; the last batch has 24
}
