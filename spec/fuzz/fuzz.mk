# fuzz: one program per spec/fuzz/NAME_fuzz.c, with libFuzzer and sanitizers.
#
#   make fuzz                    each for FUZZ_TIME seconds, from its corpus
#   make fuzz-short              each over its corpus and a few thousand inputs
#   build-fuzz/line_fuzz DIR     one, as long as you like
#
# The corpora in spec/fuzz/corpus are small and read only; what is found goes
# to build-fuzz/corpus.  A crash leaves its input in build-fuzz/crash-*: make a
# unit spec of it.

FUZZ_CC   ?= clang
FUZZ_TIME ?= 60
FUZZ_RUNS ?= 20000
FUZZ_FLAGS = -O1 -g -fno-omit-frame-pointer -fsanitize=address,undefined \
	     -fno-sanitize-recover=undefined
FUZZ_SRC   = $(filter-out core/base/shdict%,$(wildcard core/base/*.c core/smtp/*.c))
FUZZ_OBJ   = $(FUZZ_SRC:core/%.c=build-fuzz/%.o)
FUZZ_NAMES = $(patsubst spec/fuzz/%_fuzz.c,%,$(wildcard spec/fuzz/*_fuzz.c))
FUZZERS    = $(FUZZ_NAMES:%=build-fuzz/%_fuzz)

build-fuzz/%.o: core/%.c
	@mkdir -p $(@D)
	@$(FUZZ_CC) $(CSTD) $(DEFS) $(FUZZ_FLAGS) -fsanitize=fuzzer-no-link \
		-Icore/base -Icore/smtp -MMD -MP -c $< -o $@

build-fuzz/%_fuzz: spec/fuzz/%_fuzz.c spec/fuzz/fuzz.h $(FUZZ_OBJ)
	@echo "  FUZZ  $<"
	@$(FUZZ_CC) $(CSTD) $(FUZZ_FLAGS) -fsanitize=fuzzer -Icore/base -Icore/smtp \
		$< $(FUZZ_OBJ) -o $@

fuzz: $(FUZZERS)
	@for n in $(FUZZ_NAMES); do mkdir -p build-fuzz/corpus/$$n; \
		build-fuzz/$${n}_fuzz -max_total_time=$(FUZZ_TIME) -max_len=4096 \
		-artifact_prefix=build-fuzz/ -verbosity=0 -print_final_stats=1 \
		build-fuzz/corpus/$$n spec/fuzz/corpus/$$n || exit 1; done

fuzz-short: $(FUZZERS)
	@for n in $(FUZZ_NAMES); do \
		rm -rf build-fuzz/short && mkdir -p build-fuzz/short; \
		build-fuzz/$${n}_fuzz -runs=$(FUZZ_RUNS) -seed=1 -max_len=512 \
		-artifact_prefix=build-fuzz/ -verbosity=0 \
		build-fuzz/short spec/fuzz/corpus/$$n >build-fuzz/$$n.log 2>&1 || \
		{ cat build-fuzz/$$n.log; exit 1; }; done
	@echo "$(words $(FUZZ_NAMES)) passed, 0 failed"

-include $(FUZZ_OBJ:.o=.d)

.PHONY: fuzz fuzz-short
