# fuzz: one program per spec/fuzz/NAME_fuzz.c, with libFuzzer and sanitizers.
#
#   make fuzz                    each for FUZZ_TIME seconds (60)
#   spec/run fuzz                each for 20 seconds: part of make test
#   build-fuzz/line_fuzz DIR     one, as long as you like
#
# The corpora in spec/fuzz/corpus are small and read only; what is found goes
# to build-fuzz/corpus.  A crash leaves its input in build-fuzz/crash-*: make a
# unit spec of it.

FUZZ_CC   ?= clang
FUZZ_TIME ?= 60
FUZZ_FLAGS = -O1 -g -fno-omit-frame-pointer -fsanitize=address,undefined \
	     -fno-sanitize-recover=undefined
FUZZ_SRC   = $(filter-out core/proc/main.c,$(wildcard core/*/*.c))
FUZZ_OBJ   = $(FUZZ_SRC:core/%.c=build-fuzz/%.o)
FUZZ_NAMES = $(patsubst spec/fuzz/%_fuzz.c,%,$(wildcard spec/fuzz/*_fuzz.c))
FUZZERS    = $(FUZZ_NAMES:%=build-fuzz/%_fuzz)

build-fuzz/%.o: core/%.c
	@mkdir -p $(@D)
	@$(FUZZ_CC) $(CSTD) $(DEFS) $(FUZZ_FLAGS) -fsanitize=fuzzer-no-link \
		$(PKG_CFLAGS) $(LAYERS:%=-Icore/%) -MMD -MP -c $< -o $@

build-fuzz/liblunette.a: $(FUZZ_OBJ)
	@rm -f $@
	@$(AR) rcs $@ $^

build-fuzz/%_fuzz: spec/fuzz/%_fuzz.c spec/fuzz/fuzz.h build-fuzz/liblunette.a
	@echo "  FUZZ  $<"
	@$(FUZZ_CC) $(CSTD) $(FUZZ_FLAGS) -fsanitize=fuzzer $(PKG_CFLAGS) \
		$(LAYERS:%=-Icore/%) -Ispec/support -Ispec/fuzz $< build-fuzz/liblunette.a $(LIBS) -o $@

fuzzers: $(FUZZERS)

fuzz: $(FUZZERS)
	@for n in $(FUZZ_NAMES); do \
		FUZZ_TIME=$(FUZZ_TIME) spec/fuzz/run $$n || exit 1; done

-include $(FUZZ_OBJ:.o=.d)

.PHONY: fuzz fuzzers
