/** Model names: they become folders and addresses, so nothing in them can leave either. */
export const modelName = /^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$/;
/** Versions are whole numbers above 0, as Triton's are. */
export const versionName = /^[1-9]\d{0,17}$/;
