"""A virtual pen that draws handwritten digits: the references that come with `watcher`."""
