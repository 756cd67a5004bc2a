#!/bin/sh
# Install actionlint, which the tests of the workflows run where it is there. No wheel of it can be pinned; Go's checksums pin this.
set -eu
go install github.com/rhysd/actionlint/cmd/actionlint@v1.7.12
echo "$(go env GOPATH)/bin" >>"${GITHUB_PATH:-/dev/null}"
