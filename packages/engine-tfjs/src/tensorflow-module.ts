/** TensorFlow.js as a caller hands it over. Said without its own types, which do not compile where those of a browser are missing. */
export interface TensorflowModule {
  /** The name of the backend that is set; empty if none is. */
  getBackend(): string;
  ready(): Promise<void>;
}
