#!/bin/sh
# Makes the subset again; run it in this folder after words with new characters were added (see README.md).
set -eu
source=${1:-/usr/share/fonts/opentype/mplus}
for style in Regular SemiBold; do
    pyftsubset "$source/Mplus1-$style.otf" --output-file="Mplus1-$style-subset.otf" \
        --text-file=../src/words.rs --unicodes=U+0020-007E,U+00B7,U+2013,U+2014,U+2026,U+2212,U+3001,U+3002,U+3041-3093,U+30A1-30FC \
        --layout-features=kern --no-hinting --name-IDs=0,1,2,3,4,5,6,13,14,16,17
done
