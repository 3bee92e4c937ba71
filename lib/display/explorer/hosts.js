// The two hosts of the explorer; joined to explorer.js by page.py.

// without a kernel: sounds lie in the page, tags in the browser's storage
function pageHost(data) {
  const place = `speech-translation-workbook/${data.name}`;
  const read = () => JSON.parse(localStorage.getItem(place) || "{}");
  return {
    tags: read(),
    where: "saved in this browser",
    download: true,
    has: (index) => data.clips[index] in data.sounds,
    async sound(index) {
      const clip = data.clips[index];
      if (data.sounds[clip]) return data.sounds[clip];
      throw new Error(data.silent[clip] ?? "This page has no sound of this clip (its size is limited).");
    },
    async save(key, tag, note) {
      this.tags[key] = { tag, note };
      localStorage.setItem(place, JSON.stringify(this.tags));
    },
  };
}

export function mountPage(root, data) {
  return new Explorer(root, data, pageHost(data));
}

// with a kernel: it reads clips from their files, and keeps tags in one
function kernelHost(model) {
  const waiting = new Map();
  const answered = (message, buffers) => {
    const asked = waiting.get(message.request);
    if (!asked) return; // by another view of the same widget
    waiting.delete(message.request);
    if (message.error) asked.reject(new Error(message.error));
    else asked.resolve(buffers.length ? buffers[0] : null);
  };
  model.on("msg:custom", answered);
  const ask = (message) =>
    new Promise((resolve, reject) => {
      const request = crypto.randomUUID?.() ?? `${performance.now()}-${Math.random()}`;
      waiting.set(request, { resolve, reject });
      model.send({ ...message, request });
    });
  return {
    close: () => model.off("msg:custom", answered),
    tags: model.get("data").saved,
    where: "saved",
    has: () => true,
    async sound(index) {
      const bytes = await ask({ kind: "sound", index });
      return URL.createObjectURL(new Blob([bytes], { type: "audio/ogg" }));
    },
    async save(key, tag, note) {
      await ask({ kind: "tag", key, tag, note });
      this.tags[key] = { tag, note };
    },
  };
}

export default {
  render({ model, el }) {
    el.classList.add("stw", "explorer");
    const host = kernelHost(model);
    const explorer = new Explorer(el, model.get("data"), host);
    return () => {
      host.close();
      explorer.player?.destroy();
    };
  },
};
