# SPDX-License-Identifier: MIT
# What screed and scree share.

LIB_SRC  := $(wildcard tools/lib/*.c)
LIB_LIBS := -lcjson -lmd
