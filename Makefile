# Lunette: build, run, test, install.  No configure step.
#
#   make            the program, build/lunette
#   make run        install what is missing, build, run with conf/lunette.lua
#   make test       install what is missing, build, run every spec
#   make check      style, layers, sizes, luacheck: fast, before each commit
#   make unit       the C specs alone; spec/run FILE... runs what is named
#   make bench      measure beside the peers
#   make soak       what takes hours
#   make install    DESTDIR, PREFIX, SYSCONFDIR; make uninstall takes it back
#
#   SAN=1           with ASan and UBSan, in build-san
#   WERROR=1        warnings are errors; so it is where CI is set

PREFIX     ?= /usr/local
SYSCONFDIR ?= $(PREFIX)/etc
DESTDIR    ?=

VERSION = 0.1.0
ifeq ($(origin CC),default)
CC      = gcc
endif
OUT    ?= $(if $(SAN),build-san,build)
WERROR ?= $(if $(CI),1)
JOBS   ?= $(shell nproc)

PKGS    = luajit openssl libcares libidn2
CFLAGS ?= -O2 -g
CSTD    = -std=gnu11 -D_GNU_SOURCE -fno-common -fstack-protector-strong
WARN    = -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes \
	  -Wpointer-arith -Wcast-qual -Wwrite-strings -Wformat=2 -Wundef \
	  -Wvla -Wno-unused-parameter -Wno-missing-field-initializers
, = ,
SANFLAGS = $(if $(SAN),-fsanitize=address$(,)undefined \
	  -fno-omit-frame-pointer -fno-sanitize-recover=undefined -O1)
DEFS    = -DVERSION='"$(VERSION)"' -DPREFIX='"$(PREFIX)"' \
	  -DSYSCONFDIR='"$(SYSCONFDIR)"'
PKG_CFLAGS := $(shell pkg-config --cflags $(PKGS) 2>/dev/null | sed 's/-I/-isystem /g')
PKG_LIBS   := $(shell pkg-config --libs $(PKGS) 2>/dev/null)
LIBS    = $(PKG_LIBS) -lev -lcrypt -lpthread -lm
export VERSION OUT PREFIX SYSCONFDIR

# A layer sees its own headers and those of the layers it may use: an include
# that points upward does not compile.
LAYERS       = base io smtp session policy proc
SEES_base    = base
SEES_io      = base io
SEES_smtp    = base smtp
SEES_session = base io smtp session
SEES_policy  = base io smtp session policy
SEES_proc    = base io smtp session policy proc

BUILT_WITH = $(CC) $(CSTD) $(WARN) $(CFLAGS) $(SANFLAGS) $(DEFS) $(PKG_CFLAGS)
COMPILE    = $(BUILT_WITH) $(if $(WERROR),-Werror) -MMD -MP

all: $(OUT)/lunette
	@mkdir -p var/mail

# Other flags (PREFIX is one) mean other objects.
export BUILT_WITH
$(OUT)/flags: always
	@mkdir -p $(@D)
	@printf '%s\n' "$$BUILT_WITH" | cmp -s - $@ || \
		printf '%s\n' "$$BUILT_WITH" >$@

define layer
OBJ_$(1) = $$(patsubst core/%.c,$(OUT)/core/%.o,$$(filter-out core/proc/main.c,$$(wildcard core/$(1)/*.c)))
$(OUT)/lib$(1).a: $$(OBJ_$(1))
	@mkdir -p $$(@D)
	@rm -f $$@
	@$(AR) rcs $$@ $$^
$(OUT)/core/$(1)/%.o: core/$(1)/%.c $(OUT)/flags
	@mkdir -p $$(@D)
	@echo "  CC    $$<"
	@$$(COMPILE) $(SEES_$(1):%=-Icore/%) -c $$< -o $$@
endef
$(foreach l,$(LAYERS),$(eval $(call layer,$(l))))

ARCHIVES = $(foreach l,proc policy session smtp io base,$(OUT)/lib$(l).a)

$(OUT)/lunette: $(OUT)/core/proc/main.o $(ARCHIVES)
	@echo "  LINK  $@"
	@$(CC) $(SANFLAGS) $(LDFLAGS) -o $@ $< $(ARCHIVES) $(LIBS)

# C specs: one program for each spec/unit/*_test.c.
UNIT = $(patsubst spec/%.c,$(OUT)/%,$(wildcard spec/unit/*_test.c))
$(OUT)/spec/unit/%_test.o: spec/unit/%_test.c $(OUT)/flags
	@mkdir -p $(@D)
	@echo "  CC    $<"
	@$(COMPILE) $(LAYERS:%=-Icore/%) -Ispec/support -c $< -o $@
$(OUT)/unit/%_test: $(OUT)/spec/unit/%_test.o $(ARCHIVES)
	@mkdir -p $(@D)
	@$(CC) $(SANFLAGS) $(LDFLAGS) -o $@ $< $(ARCHIVES) $(LIBS)
.PRECIOUS: $(OUT)/spec/unit/%_test.o

include spec/bench/bench.mk
include spec/fuzz/fuzz.mk

programs: $(OUT)/lunette $(UNIT)

unit: $(UNIT)
	@spec/run unit

# Everything, once plainly and once with the sanitizers.
test: deps
	@$(MAKE) --no-print-directory -j$(JOBS) programs $(FUZZERS)
	@$(MAKE) --no-print-directory -j$(JOBS) SAN=1 OUT=build-san programs
	@spec/run

check: $(ARCHIVES)
	@spec/check
	@luacheck -q lua hooks conf spec
	@echo "check: fine"

# The wire specs with large numbers, and what has no short form.
soak: all
	@SOAK=1 JOBS=1 SPEC_TIMEOUT=0 spec/run wire soak

# As root the workers become whoever owns the tree, so that var/ is theirs.
AS_OWNER = $(if $(filter 0,$(shell id -u)),-o user=$(shell stat -c %U .))

run: deps
	@$(MAKE) --no-print-directory -j$(JOBS) all
	@echo "Listening on 127.0.0.1:2525.  In another window, type:"
	@echo "  $(OUT)/lunette send --rcpt you@example.org && ls var/mail/new"
	$(OUT)/lunette run -c conf/lunette.lua $(AS_OWNER)

deps:
	@sh contrib/deps.sh

# The configuration belongs to the administrator: what is there stays.
SHARE = $(DESTDIR)$(PREFIX)/share
CONF  = $(DESTDIR)$(SYSCONFDIR)/lunette
DOCS  = LICENSE *.md doc/*.md contrib/*
LUA   = $(shell cd lua && find . -name '*.lua' 2>/dev/null)

install: all
	install -d $(DESTDIR)$(PREFIX)/bin $(SHARE)/man/man8 $(CONF)
	install -m 755 $(OUT)/lunette $(DESTDIR)$(PREFIX)/bin/lunette
	for f in $(LUA); do \
		install -D -m 644 lua/$$f $(SHARE)/lunette/lua/$$f || exit; done
	for f in hooks/*.lua; do \
		install -D -m 644 $$f $(SHARE)/lunette/$$f || exit; done
	for f in $(wildcard $(DOCS)); do \
		install -D -m 644 $$f $(SHARE)/doc/lunette/$$f || exit; done
	install -m 644 doc/lunette.8 $(SHARE)/man/man8/lunette.8
	for f in conf/*.lua; do \
		test -e $(CONF)/$${f##*/} || \
		install -m 644 $$f $(CONF)/$${f##*/} || exit; done

uninstall:
	rm -f $(DESTDIR)$(PREFIX)/bin/lunette $(SHARE)/man/man8/lunette.8
	rm -rf $(SHARE)/lunette $(SHARE)/doc/lunette

clean:
	rm -rf build build-san build-fuzz

-include $(wildcard $(OUT)/core/*/*.d $(OUT)/spec/unit/*.d)

.PHONY: all always programs unit test check soak run deps install uninstall clean
