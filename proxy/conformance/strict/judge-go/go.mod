module sidelight.dev/judge

go 1.22
