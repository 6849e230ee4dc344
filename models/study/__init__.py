"""What there is to study: materials, collections of them and quizzes, with one life for the three."""
