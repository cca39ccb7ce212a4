import { useEffect, useRef, useState } from 'preact/hooks';

/** Width in CSS pixels of the element that the reference is given to, as it is now. */
export function useWidth() {
  const ref = useRef<HTMLDivElement>(null);
  const [width, setWidth] = useState(0);
  useEffect(() => {
    const element = ref.current;
    if (element === null) return undefined;
    const look = new ResizeObserver(() => setWidth(element.clientWidth));
    look.observe(element);
    setWidth(element.clientWidth);
    return () => look.disconnect();
  }, []);
  return [ref, width] as const;
}
