/** Puts the cursor into the first field that a guest can see. */
export function focusFirst(form) {
  form?.querySelector("input:not([type=hidden])")?.focus();
}
