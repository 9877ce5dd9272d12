// Search over titles, headings and names, and the contents folded on a narrow screen. The site works without it.
const input = document.getElementById("search")
const found = document.getElementById("found")
const root = document.body.dataset.root

if (matchMedia("(max-width: 48rem)").matches) document.querySelector("nav.site details").open = false

const show = () => {
  const words = input.value.toLowerCase().split(/\s+/).filter(Boolean)
  const hits =
    words.length === 0
      ? []
      : globalThis.searchIndex.filter(([title]) => words.every((word) => title.toLowerCase().includes(word)))
  const begins = ([title]) => (words.some((word) => title.toLowerCase().startsWith(word)) ? 0 : 1)
  const best = hits.toSorted((a, b) => begins(a) - begins(b) || a[0].length - b[0].length).slice(0, 20)
  found.replaceChildren(
    ...best.map(([title, url]) => {
      const [item, link] = [document.createElement("li"), document.createElement("a")]
      link.textContent = title
      link.href = root + url
      item.append(link)
      return item
    })
  )
  if (words.length > 0 && best.length === 0)
    found.append(Object.assign(document.createElement("li"), { textContent: "Nothing found" }))
  found.hidden = words.length === 0
}

input.addEventListener("input", show)
input.addEventListener("focus", show)

document.addEventListener("keydown", (event) => {
  const links = [...found.querySelectorAll("a")]
  const at = links.indexOf(document.activeElement)
  const isInside = event.target === input || at !== -1
  if (event.key === "/" && !isInside && !event.ctrlKey && !event.metaKey) {
    event.preventDefault()
    input.focus()
  } else if (event.key === "Escape" && isInside) {
    found.hidden = true
    input.focus()
    input.select()
  } else if (isInside && !found.hidden && (event.key === "ArrowDown" || event.key === "ArrowUp")) {
    event.preventDefault()
    const next = at + (event.key === "ArrowDown" ? 1 : -1)
    ;(links[next] ?? input).focus()
  } else if (event.key === "Enter" && event.target === input) {
    links[0]?.click()
  }
})

document.addEventListener("click", ({ target }) => {
  if (!target.closest(".search")) found.hidden = true
})
