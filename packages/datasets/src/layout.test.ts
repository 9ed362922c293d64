import { describe, expect, it } from 'vitest';
import { layoutOf } from './layout.ts';

const files = (...names: string[]) => ({ files: names, folders: [] });
const pair = ['train/cat/1.png', 'test/cat/2.png'];

describe('layoutOf', () => {
  it('sorts classes and pictures by code unit, and takes either ending in either case', () => {
    const listing = files('train/b/10.JPG', 'train/b/9.jpeg', 'train/B/x.png', 'test/B/1.PNG', 'test/b/1.jpg');
    expect(layoutOf(listing, 'set')).toEqual({
      classes: ['B', 'b'],
      train: [['train/B/x.png'], ['train/b/10.JPG', 'train/b/9.jpeg']],
      test: [['test/B/1.PNG'], ['test/b/1.jpg']],
      ignored: [],
    });
  });

  it('looks below one top folder', () => {
    expect(layoutOf(files('pets/train/cat/1.png', 'pets/test/cat/2.png'), 'set').train).toEqual([['pets/train/cat/1.png']]);
  });

  it('counts pictures in folders within a class folder to the class', () => {
    expect(layoutOf(files(...pair, 'train/cat/more/3.png'), 'set').train).toEqual([['train/cat/1.png', 'train/cat/more/3.png']]);
  });

  it('passes over hidden files, __MACOSX and hidden class folders, and reports other files', () => {
    const listing = {
      files: [
        ...pair,
        'train/cat/._1.png',
        '.git/x.png',
        '__MACOSX/train/cat/1.png',
        'train/.cache/1.png',
        'README.md',
        'train/cat/notes.txt',
        'train/9.png',
      ],
      folders: ['train/.hidden', '__MACOSX/train/dog', 'empty'],
    };
    const layout = layoutOf(listing, 'set');
    expect(layout.classes).toEqual(['cat']);
    expect(layout.ignored).toEqual(['README.md', 'train/cat/notes.txt', 'train/9.png']);
  });

  it('never takes a name for a path: parts that point upwards count as hidden', () => {
    expect(layoutOf(files(...pair, 'train/../../etc/1.png', '../train/dog/1.png'), 'set').classes).toEqual(['cat']);
  });

  it.each([
    [[], [], 'set: expected folders train/<class> and test/<class> with pictures in them, received "none"'],
    [['cat/1.png', 'dog/1.png'], [], 'expected folders train/<class> and test/<class>'],
    [['a/b/train/cat/1.png', 'a/b/test/cat/1.png'], [], 'expected folders train/<class> and test/<class>'],
    [['a/train/cat/1.png', 'b/test/cat/1.png'], [], 'expected train and test below one top folder, received "both a/ and b/"'],
    [['train/cat/1.png'], [], 'expected a folder for each class in test/, received "none"'],
    [['train/1.png', 'test/cat/1.png'], [], 'expected a folder for each class in train/, received "none"'],
    [pair, ['train/dog', 'test/dog'], 'set: train/dog: expected JPEG or PNG pictures in this class folder, received "none"'],
    [[...pair, 'test/dog/1.gif'], [], 'set: test/dog: expected JPEG or PNG pictures in this class folder'],
    [[...pair, 'train/dog/1.png'], [], 'expected the same classes in train/ and test/, received "dog in train/ only"'],
    [[...pair, 'test/dog/1.png', 'test/eel/1.png'], [], 'received "dog and 1 more in test/ only"'],
  ])('refuses %j with folders %j', (names, folders, message) => {
    expect(() => layoutOf({ files: names, folders }, 'set')).toThrow(message);
  });
});
