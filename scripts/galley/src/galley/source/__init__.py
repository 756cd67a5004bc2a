"""What an author writes: pages with fences, snippet files with cells. In every process."""
