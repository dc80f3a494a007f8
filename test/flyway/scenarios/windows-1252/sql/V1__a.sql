CREATE TABLE a (note text DEFAULT '€‚ƒ„…†‡ˆ‰Š‹ŒŽ‘’“”•–—˜™š›œžŸ é');
