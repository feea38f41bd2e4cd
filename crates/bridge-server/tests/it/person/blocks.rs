//! Blocks that end by themselves, lists of numbers to block, and e-mail addresses that may not register.
