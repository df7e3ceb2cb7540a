"""A virtual pen that draws handwritten digits: the reference pictures of `watcher`."""
