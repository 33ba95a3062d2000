std = "luajit"
unused_args = false	-- a stage has its arguments, used or not
max_line_length = 105
files["spec"] = { std = "luajit+busted" }
files["conf"] = {
	allow_defined_top = true, std = "none", ignore = { "131" },
	read_globals = { "include", "env", "file" },
}
