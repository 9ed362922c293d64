import { mkdir, readFile, symlink, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import sharp from 'sharp';
import { replace } from 'tar';
import { describe, expect, it } from 'vitest';
import { type Colour, type Files, png, realData, temporaryFolder, writeArchive, writeFiles } from '../test/files.ts';
import { type ImageFolderOptions, imageFolder } from './image-folder.node.ts';
import { splitValidation } from './split.ts';

const RED: Colour = [255, 0, 0];
const [red, green, dark, light] = await Promise.all([
  png(2, 2, RED),
  png(2, 2, (x, y) => [0, 100 * x, 50 * y]),
  png(2, 2, [51, 51, 51]),
  png(2, 2, [204, 204, 204]),
]);
const pets: Files = {
  'pets/train/dog/b.png': green,
  'pets/train/dog/a.png': red,
  'pets/train/cat/1.png': dark,
  'pets/test/cat/1.png': light,
  'pets/test/dog/1.png': red,
};
const noCache = { cache: false } as const;

/** The same files as a folder, a tar and a gzipped tar. */
async function everyForm(files: Files, folders: readonly string[] = []): Promise<Record<'folder' | 'tar' | 'tgz', string>> {
  const place = await temporaryFolder();
  const forms = { folder: join(place, 'folder'), tar: join(place, 'set.tar'), tgz: join(place, 'set.tar.gz') };
  await writeFiles(forms.folder, files);
  for (const folder of folders) await mkdir(join(forms.folder, folder), { recursive: true });
  await writeArchive(forms.tar, files, folders);
  await writeArchive(forms.tgz, files, folders);
  return forms;
}

async function archiveOf(files: Files, name = 'set.tar.gz'): Promise<string> {
  const path = join(await temporaryFolder(), name);
  await writeArchive(path, files);
  return path;
}

async function appendAgain(archive: string, name: string, bytes: Uint8Array): Promise<void> {
  const folder = await temporaryFolder();
  await writeFiles(folder, { [name]: bytes });
  await replace({ file: archive, cwd: folder }, [name]);
}

describe('imageFolder', () => {
  it.each(['folder', 'tar', 'tgz'] as const)('reads classes, pixels and labels from a %s', async (form) => {
    const set = await imageFolder((await everyForm(pets))[form], noCache);
    expect(set.name).toBe(form === 'folder' ? 'folder' : 'set');
    expect(set.classes).toEqual(['cat', 'dog']);
    expect(set.shape).toEqual([3, 2, 2]);
    // One cat at 1/2, two dogs at 1/4 and 3/4.
    expect([...set.train.labels]).toEqual([1, 0, 1]);
    expect([...set.train.images]).toEqual([
      ...[255, 255, 255, 255, 0, 0, 0, 0, 0, 0, 0, 0],
      ...Array(12).fill(51),
      ...[0, 0, 0, 0, 0, 100, 0, 100, 0, 0, 50, 50],
    ]);
    expect([...set.test.labels]).toEqual([0, 1]);
    expect([...set.test.images]).toEqual([...Array(12).fill(204), 255, 255, 255, 255, 0, 0, 0, 0, 0, 0, 0, 0]);
    expect(set.augmentation).toBe('none');
    // Red channel of the training pictures: 255, 51 and 0, in equal parts.
    expect(set.normalization.mean[0]).toBeCloseTo((1 + 0.2 + 0) / 3, 12);
    expect(set.normalization.std[0]).toBeCloseTo(Math.sqrt((0.6 ** 2 + 0.2 ** 2 + 0.4 ** 2) / 3), 12);
  });

  it('has one channel when every picture is grey, also where a file stores three', async () => {
    const set = await imageFolder(
      await archiveOf({
        'train/a/1.png': dark,
        'train/b/1.jpg': await sharp(light).greyscale().jpeg().toBuffer(),
        'test/a/1.png': light,
        'test/b/1.png': dark,
      }),
      noCache,
    );
    expect(set.shape).toEqual([1, 2, 2]);
    expect([...set.train.images]).toEqual([51, 51, 51, 51, 204, 204, 204, 204]);
    expect([...set.test.images]).toEqual([204, 204, 204, 204, 51, 51, 51, 51]);
  });

  it('takes the first pictures of each class by name, in train and test, and opens no other', async () => {
    const names = ['3', '1', '2'];
    const broken = new TextEncoder().encode('never opened');
    const entries = ['train', 'test'].flatMap((part) =>
      ['cat', 'dog'].flatMap((label) =>
        names.map((name) => [`${part}/${label}/${name}.png`, name === '3' ? broken : name === '1' ? dark : light] as const),
      ),
    );
    const set = await imageFolder(await archiveOf(Object.fromEntries(entries)), { ...noCache, limitPerClass: 2 });
    expect([...set.train.labels]).toEqual([0, 1, 0, 1]);
    expect([...set.test.images]).toEqual([51, 204].flatMap((value) => Array(8).fill(value)));
    await expect(imageFolder(await archiveOf(Object.fromEntries(entries)), noCache)).rejects.toMatchObject({ code: 'BAD_FILE' });
  });

  it('mixes the classes, so that the tail holds each in its share', async () => {
    const entries = ['a', 'b'].flatMap((label) => Array.from({ length: 10 }, (_, i) => [`train/${label}/${i}.png`, dark] as const));
    const set = await imageFolder(await archiveOf({ ...Object.fromEntries(entries), 'test/a/1.png': dark, 'test/b/1.png': dark }), noCache);
    expect([...splitValidation(set.train, 0.2).validation.labels]).toEqual([0, 1, 0, 1]);
  });

  it('reports progress up to the total', async () => {
    const seen: string[] = [];
    await imageFolder(await archiveOf(pets), { ...noCache, onProgress: ({ done, total }) => seen.push(`${done}/${total}`) });
    expect(seen).toEqual(['1/5', '2/5', '3/5', '4/5', '5/5']);
  });

  it('tells which files it left out', async () => {
    const notices: string[] = [];
    await imageFolder(await archiveOf({ ...pets, 'pets/README.md': 'pets' }), {
      ...noCache,
      onNotice: (sentence) => notices.push(sentence),
    });
    expect(notices).toEqual([expect.stringMatching(/: 1 files? .* left out, first pets\/README\.md$/)]);
  });

  it('augments when asked', async () => {
    expect((await imageFolder(await archiveOf(pets), { ...noCache, augmentation: 'crop-flip' })).augmentation).toEqual({
      pad: 4,
      fill: 'reflect',
      flip: 0.5,
    });
  });

  it('follows links to class folders', async () => {
    const folder = await temporaryFolder();
    await writeFiles(folder, { 'real/1.png': red, 'set/train/.keep': '', 'set/test/.keep': '' });
    await symlink(join(folder, 'real'), join(folder, 'set/train/cat'));
    await symlink(join(folder, 'real'), join(folder, 'set/test/cat'));
    expect((await imageFolder(join(folder, 'set'), noCache)).train.size).toBe(1);
  });
});

describe('imageFolder with pictures of several sizes', () => {
  const wide = png(6, 2, (x) => (x < 2 ? [255, 0, 0] : x < 4 ? [0, 255, 0] : [0, 0, 255]));

  it('names the first that differs and the way out', async () => {
    const path = await archiveOf({ 'train/a/1.png': red, 'train/a/2.png': await wide, 'train/a/3.png': await wide, 'test/a/1.png': red });
    const message = expect.stringMatching(
      /set\.tar\.gz: train\/a\/2\.png: expected 2x2 pixels as in .*set\.tar\.gz: train\/a\/1\.png, received "6x2"\. .*the option size/,
    );
    await expect(imageFolder(path, noCache)).rejects.toMatchObject({ code: 'BAD_FILE', message });
  });

  it('resizes to fit and cuts out the middle', async () => {
    const path = await archiveOf({ 'train/a/1.png': red, 'train/a/2.png': await wide, 'test/a/1.png': red });
    const set = await imageFolder(path, { ...noCache, size: 2 });
    expect(set.shape).toEqual([3, 2, 2]);
    expect([...set.train.images.subarray(12)]).toEqual([0, 0, 0, 0, 255, 255, 255, 255, 0, 0, 0, 0]); // the green middle
  });

  it('resizes to other shapes', async () => {
    const set = await imageFolder(await archiveOf({ 'train/a/1.png': red, 'test/a/1.png': red }), { ...noCache, size: [3, 5] });
    expect(set.shape).toEqual([3, 3, 5]);
    expect(new Set(set.train.images.subarray(0, 15))).toEqual(new Set([255]));
  });

  it('refuses more than fits in memory before it decodes the second', async () => {
    // 3 x 16000 x 4000 pixels = 192 MB each; eleven of them are above 2 GB.
    const large = await sharp({ create: { width: 16_000, height: 4000, channels: 3, background: '#123456' } })
      .png()
      .toBuffer();
    const entries = Array.from({ length: 10 }, (_, i) => [`train/a/${i}.png`, i === 0 ? large : red] as const);
    await expect(imageFolder(await archiveOf({ ...Object.fromEntries(entries), 'test/a/1.png': red }), noCache)).rejects.toThrow(
      'expected a set of at most 2000000000 bytes decoded, received "11 pictures of 16000x4000, 2112000000 bytes"',
    );
  });
});

describe('imageFolder refuses', () => {
  it('an archive that unpacks to more than 200 times its length', async () => {
    const path = join(await temporaryFolder(), 'bomb.tar.gz');
    await writeFile(path, gzipSync(new Uint8Array(2 ** 27)));
    await expect(imageFolder(path, noCache)).rejects.toThrow(
      /bomb.tar.gz: expected a tar archive of at most \d+ bytes unpacked, received "more"/,
    );
  });

  it.each(['folder', 'tgz'] as const)('a picture that does not decode, and names it in a %s', async (form) => {
    const forms = await everyForm({ ...pets, 'pets/train/cat/2.jpg': 'no picture' });
    const name = form === 'folder' ? join('folder', 'pets/train/cat/2.jpg') : 'set.tar.gz: pets/train/cat/2.jpg';
    await expect(imageFolder(forms[form], noCache)).rejects.toMatchObject({
      code: 'BAD_FILE',
      at: expect.stringMatching(new RegExp(`${name}$`)),
      message: expect.stringContaining('expected a JPEG or PNG picture, received "bytes that begin with 6e 6f 20 70"'),
    });
  });

  it.each(['png', 'jpeg'] as const)('a %s that is cut short', async (format) => {
    const noise = Uint8Array.from({ length: 64 * 64 * 3 }, (_, i) => (i * i) % 251);
    const whole = await sharp(noise, { raw: { width: 64, height: 64, channels: 3 } })
      .toFormat(format)
      .toBuffer();
    const path = await archiveOf({ 'train/a/1.png': whole.subarray(0, whole.length / 2), 'test/a/1.png': whole });
    await expect(imageFolder(path, noCache)).rejects.toMatchObject({
      code: 'BAD_FILE',
      message: expect.stringMatching(/: train\/a\/1\.png: expected a picture that decodes, received /),
    });
  });

  it('other formats behind the ending of a picture', async () => {
    const svg = '<svg xmlns="http://www.w3.org/2000/svg" width="2" height="2"/>';
    await expect(imageFolder(await archiveOf({ ...pets, 'pets/test/cat/2.png': svg }), noCache)).rejects.toThrow(
      'expected a JPEG or PNG picture',
    );
  });

  it.each(['set.tar', 'set.tar.gz'])('an archive that is cut short: %s', async (name) => {
    const path = await archiveOf(pets, name);
    const { length } = await readFile(path);
    await truncate(path, Math.floor(length * 0.6));
    await expect(imageFolder(path, noCache)).rejects.toMatchObject({
      code: 'BAD_FILE',
      at: path,
      message: expect.stringContaining('a whole tar archive'),
    });
  });

  it('an archive that is cut short between two files', async () => {
    const path = await archiveOf(pets, 'set.tar');
    const bytes = await readFile(path);
    // tar ends with zero blocks after the last file; without them nobody knows whether more files followed.
    const end = bytes.length - 512 * Math.floor([...bytes].reverse().findIndex((byte) => byte !== 0) / 512);
    await truncate(path, end);
    await expect(imageFolder(path, noCache)).rejects.toThrow('one without its end mark');
  });

  it('an archive with a file in it twice', async () => {
    const path = await archiveOf(pets, 'set.tar');
    await appendAgain(path, 'pets/train/cat/1.png', red);
    await expect(imageFolder(path, noCache)).rejects.toThrow('expected each file once, received "pets/train/cat/1.png twice"');
  });

  it('a damaged archive', async () => {
    const path = await archiveOf(pets);
    const bytes = await readFile(path);
    bytes[bytes.length >> 1]! ^= 0xff;
    await writeFile(path, bytes);
    await expect(imageFolder(path, noCache)).rejects.toMatchObject({ code: 'BAD_FILE' });
  });

  it('a file that is no archive', async () => {
    const folder = await temporaryFolder();
    await writeFiles(folder, { 'text.tar': 'text '.repeat(1000), 'empty.tar': '' });
    for (const name of ['text.tar', 'empty.tar']) {
      await expect(imageFolder(join(folder, name), noCache)).rejects.toMatchObject({
        code: 'BAD_FILE',
        message: expect.stringContaining('tar archive'),
      });
    }
  });

  it('an empty class folder, in a folder and in an archive', async () => {
    const hidden = await everyForm({ ...pets, 'pets/train/eel/.keep': '' });
    const empty = await everyForm(pets, ['pets/train/eel']);
    for (const path of [...Object.values(hidden), ...Object.values(empty)])
      await expect(imageFolder(path, noCache)).rejects.toThrow(/train\/eel: expected JPEG or PNG pictures/);
  });

  it('a broken link among the pictures', async () => {
    const { folder } = await everyForm(pets);
    await symlink('nowhere', join(folder, 'pets/train/cat/2.png'));
    await expect(imageFolder(folder, noCache)).rejects.toMatchObject({ code: 'BAD_FILE', at: join(folder, 'pets/train/cat/2.png') });
  });

  it('a path with nothing there', async () => {
    await expect(imageFolder('/no/such/set.tar', noCache)).rejects.toMatchObject({ code: 'MISSING_FILE' });
  });

  it.each<object>([{ limitPerClass: 0 }, { limitPerClass: 1.5 }, { size: 0 }, { size: 5000 }, { size: [4, -1] }, { augmentation: 'flip' }])(
    'the options %j',
    async (options) => {
      await expect(imageFolder('unused', { ...(options as ImageFolderOptions), ...noCache })).rejects.toMatchObject({
        code: 'INVALID_ARGUMENT',
      });
    },
  );
});

describe('imageFolder on real pictures', () => {
  const real = realData('cifar10-images.tar.gz');
  it.skipIf(!real)('CIFAR-10 as JPEG in an archive, 20 of each class (skipped without shared/data beside the project)', async () => {
    const set = await imageFolder(real!, { ...noCache, limitPerClass: 20 });
    expect(set.classes).toEqual('airplane automobile bird cat deer dog frog horse ship truck'.split(' '));
    expect(set.shape).toEqual([3, 32, 32]);
    expect([set.train.size, set.test.size]).toEqual([200, 200]);
    // Means of CIFAR-10 over all pictures are .4914 .4822 .4465; 200 pictures come near.
    [0.4914, 0.4822, 0.4465].forEach((mean, channel) => {
      expect(Math.abs(set.normalization.mean[channel]! - mean)).toBeLessThan(0.05);
    });
  });
});
