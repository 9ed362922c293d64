// The drawing area: strokes by pointer or keyboard, pictures by drop, paste or choice. Everybody who wants to know is told of changes.

const PEN = 20;
const STEP = 7;

export class Pad {
  readonly #area: HTMLElement;
  readonly #canvas: HTMLCanvasElement;
  readonly #context: CanvasRenderingContext2D;
  readonly #onChange: () => void;
  /** Where the keyboard's pen is, and whether it draws. */
  #x = 140;
  #y = 140;
  #down = false;
  #last: { readonly x: number; readonly y: number } | undefined;
  /** Strokes are centred like digits, pictures are taken as they are. */
  drawn = true;

  /** @param area has the keyboard's focus, and the canvas in it */
  constructor(area: HTMLElement, onChange: () => void) {
    const canvas = area.querySelector('canvas')!;
    this.#area = area;
    area.tabIndex = 0;
    this.#canvas = canvas;
    this.#context = canvas.getContext('2d', { willReadFrequently: true })!;
    this.#onChange = onChange;
    this.#listen();
    this.clear();
  }

  get pixels(): { readonly side: number; readonly data: Uint8ClampedArray } {
    const side = this.#canvas.width;
    return { side, data: this.#context.getImageData(0, 0, side, side).data };
  }

  clear(): void {
    this.#context.fillStyle = '#000';
    this.#context.fillRect(0, 0, this.#canvas.width, this.#canvas.height);
    this.drawn = true;
  }

  /** The middle of a picture, scaled to the whole area. */
  async show(file: Blob): Promise<void> {
    const picture = await createImageBitmap(file);
    const size = Math.min(picture.width, picture.height);
    const side = this.#canvas.width;
    this.clear();
    this.#context.imageSmoothingQuality = 'high';
    this.#context.drawImage(picture, (picture.width - size) / 2, (picture.height - size) / 2, size, size, 0, 0, side, side);
    this.drawn = false;
    this.#onChange();
  }

  #listen(): void {
    const [area, canvas] = [this.#area, this.#canvas];
    canvas.addEventListener('pointerdown', (event) => {
      canvas.setPointerCapture(event.pointerId);
      this.#last = undefined;
      this.#lineTo(this.#place(event));
    });
    canvas.addEventListener('pointermove', (event) => {
      if (event.buttons & 1) this.#lineTo(this.#place(event));
    });
    canvas.addEventListener('pointerup', () => this.#onChange());
    area.addEventListener('keydown', (event) => this.#key(event));
    area.addEventListener('dragover', (event) => {
      event.preventDefault();
      area.classList.add('over');
    });
    area.addEventListener('dragleave', () => area.classList.remove('over'));
    area.addEventListener('drop', (event) => {
      event.preventDefault();
      area.classList.remove('over');
      this.#take(event.dataTransfer);
    });
    document.addEventListener('paste', (event) => this.#take(event.clipboardData));
  }

  #take(data: DataTransfer | null): void {
    const file = [...(data?.files ?? [])].find(({ type }) => type.startsWith('image/'));
    if (file) void this.show(file);
  }

  #place({ clientX, clientY }: PointerEvent): { x: number; y: number } {
    const { left, top, width } = this.#canvas.getBoundingClientRect();
    const scale = this.#canvas.width / width;
    return { x: (clientX - left) * scale, y: (clientY - top) * scale };
  }

  #lineTo(to: { readonly x: number; readonly y: number }): void {
    const from = this.#last ?? to;
    const context = this.#context;
    context.strokeStyle = '#fff';
    context.lineWidth = PEN;
    context.lineCap = 'round';
    context.beginPath();
    context.moveTo(from.x, from.y);
    context.lineTo(to.x, to.y);
    context.stroke();
    this.#last = to;
  }

  #key(event: KeyboardEvent): void {
    const move = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[event.key];
    if (move) {
      const side = this.#canvas.width;
      this.#x = Math.min(side, Math.max(0, this.#x + STEP * move[0]!));
      this.#y = Math.min(side, Math.max(0, this.#y + STEP * move[1]!));
      if (this.#down) this.#lineTo({ x: this.#x, y: this.#y });
    } else if (event.key === ' ') {
      this.#down = !this.#down;
      this.#last = undefined;
      if (this.#down) this.#lineTo({ x: this.#x, y: this.#y });
      else this.#onChange();
    } else if (event.key === 'Delete' || event.key === 'Backspace') this.clear();
    else return;
    event.preventDefault(); // the page must not scroll
  }
}
