//! What calls of coding clients can cost, told in lines of text.
