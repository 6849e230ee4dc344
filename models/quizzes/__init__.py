"""Taking quizzes: attempts, their results, and how many have taken and passed one."""
