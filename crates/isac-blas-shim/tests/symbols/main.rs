//! Every symbol against plain loops, for every letter, padded leading dimensions, increments of
//! either sign, and the guarantee that nothing outside the stated triangle changes.

mod decompositions;
mod factors;
mod products;
mod queries;
mod single;
mod support;
