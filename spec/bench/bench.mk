# The tools and the run of `make bench`.
BENCH_TOOLS = $(OUT)/bench/load $(OUT)/bench/sink

$(OUT)/bench/%: spec/bench/%.c
	@mkdir -p $(@D)
	@echo "  CC    $<"
	@$(CC) $(CSTD) $(WARN) -O2 -o $@ $<

bench: $(OUT)/lunette $(BENCH_TOOLS)
	spec/bench/run

.PHONY: bench
