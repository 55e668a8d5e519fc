//! Laws and stories.
