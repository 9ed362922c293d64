/** The bundler takes styles out of the script; their import has no value. */
declare module '*.css';
