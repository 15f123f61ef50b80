/**
 * Does something after the next picture, so that whoever pressed something sees at once that it was
 * taken, whatever else comes of it. What it returns takes it back.
 */
export function afterPicture(deed: () => void): () => void {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const frame = requestAnimationFrame(() => {
    timer = setTimeout(deed);
  });
  return () => {
    cancelAnimationFrame(frame);
    clearTimeout(timer);
  };
}
