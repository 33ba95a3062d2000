# Lunette: build, run, test, install.  No configure step.
#
#   make            the program, $(OUT)/lunette
#   make run        build and run it with conf/lunette.lua
#   make test       install what is missing, build, run every spec
#   make check      style, layers, sizes, luacheck: fast, before each commit
#   make bench      measure beside the peers
#   make soak       what takes hours
#   make SAN=1      the same with ASan and UBSan, in build-san

PREFIX     ?= /usr/local
SYSCONFDIR ?= $(PREFIX)/etc
DESTDIR    ?=

VERSION = 0.1.0
CC     ?= gcc
OUT    ?= $(if $(SAN),build-san,build)

PKGS    = luajit openssl libcares
CFLAGS ?= -O2 -g
CSTD    = -std=gnu11 -D_GNU_SOURCE -fno-common -fstack-protector-strong
WARN    = -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes \
	  -Wpointer-arith -Wcast-qual -Wwrite-strings -Wformat=2 -Wundef \
	  -Wvla -Wno-unused-parameter -Wno-missing-field-initializers $(if $(WERROR),-Werror)
SANFLAGS = $(if $(SAN),-fsanitize=address$(,)undefined -fno-omit-frame-pointer -fno-sanitize-recover=undefined -O1)
, = ,
DEFS    = -DVERSION='"$(VERSION)"' -DPREFIX='"$(PREFIX)"' -DSYSCONFDIR='"$(SYSCONFDIR)"'
PKG_CFLAGS := $(shell pkg-config --cflags $(PKGS) 2>/dev/null | sed 's/-I/-isystem /g')
PKG_LIBS   := $(shell pkg-config --libs $(PKGS) 2>/dev/null)
LIBS    = $(PKG_LIBS) -lev -lcrypt -lpthread -lm
export VERSION OUT

# A layer sees its own headers and those of the layers it may use: an include
# that points upward does not compile.
LAYERS       = base io smtp session policy proc
SEES_base    = base
SEES_io      = base io
SEES_smtp    = base smtp
SEES_session = base io smtp session
SEES_policy  = base io smtp session policy
SEES_proc    = base io smtp session policy proc

COMPILE = $(CC) $(CSTD) $(WARN) $(CFLAGS) $(SANFLAGS) $(DEFS) $(PKG_CFLAGS) -MMD -MP

all: $(OUT)/lunette

define layer
OBJ_$(1) = $$(patsubst core/%.c,$(OUT)/core/%.o,$$(filter-out core/proc/main.c,$$(wildcard core/$(1)/*.c)))
$(OUT)/lib$(1).a: $$(OBJ_$(1))
	@mkdir -p $$(@D)
	@rm -f $$@
	@$(AR) rcs $$@ $$^
$(OUT)/core/$(1)/%.o: core/$(1)/%.c
	@mkdir -p $$(@D)
	@echo "  CC    $$<"
	@$(COMPILE) $(SEES_$(1):%=-Icore/%) -c $$< -o $$@
endef
$(foreach l,$(LAYERS),$(eval $(call layer,$(l))))

ARCHIVES = $(foreach l,proc policy session smtp io base,$(OUT)/lib$(l).a)

$(OUT)/lunette: $(OUT)/core/proc/main.o $(ARCHIVES)
	@echo "  LINK  $@"
	@$(CC) $(SANFLAGS) $(LDFLAGS) -o $@ $^ $(LIBS)

# Unit tests: one program per spec/unit/*_test.c, linked with what it needs.
UNIT = $(patsubst spec/unit/%_test.c,$(OUT)/unit/%_test,$(wildcard spec/unit/*_test.c))
$(OUT)/unit/%_test: spec/unit/%_test.c spec/support/test.h $(ARCHIVES)
	@mkdir -p $(@D)
	@echo "  TEST  $<"
	@$(COMPILE) $(LAYERS:%=-Icore/%) -Ispec/support $< -o $@ $(LDFLAGS) $(ARCHIVES) $(LIBS)
unit: $(UNIT)
	@for t in $(UNIT); do $$t || exit 1; done

include spec/bench/bench.mk
include spec/fuzz/fuzz.mk

run: all
	@mkdir -p var/mail
	$(OUT)/lunette run -c conf/lunette.lua

deps:
	@sh contrib/deps.sh

clean:
	rm -rf build build-san build-fuzz

-include $(wildcard $(OUT)/core/*/*.d $(OUT)/unit/*.d)

.PHONY: all unit run deps clean
